import { render } from 'preact'
import '../styles/page.css'
import { App } from './app.js'
import { afterFirstPaint } from './state/first-paint.js'
import { start } from './state/start.js'

start()
// The page's file has a header already: rendering takes its elements over.
afterFirstPaint(() => render(<App />, document.getElementById('page')!))
