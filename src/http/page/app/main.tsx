import { render } from 'preact'
import '../styles/page.css'
import { App } from './app.js'
import { start } from './state/start.js'

start()
render(<App />, document.getElementById('page')!)
