import { isSignedIn, signIn, signOut } from './api.js'
import { errorState, h, missing } from './dom.js'
import { follow } from './live.js'
import { caches } from './views/caches.js'
import { changelog } from './views/changelog.js'
import { editor } from './views/editor.js'
import { entity } from './views/entity.js'
import { list } from './views/list.js'
import { rollouts } from './views/rollouts.js'

// A view is a function of its address that resolves with an element. `keeps` says that a change elsewhere does not draw it
// anew, because somebody may be typing in it.
const ROUTES = [
  [/^\/(prompts|models|embeddings)$/, (query, [kind]) => list(kind, query)],
  [/^\/(prompts|models|embeddings)\/([^/]+)$/, (query, [kind, name]) => entity(kind, decodeURIComponent(name), query)],
  [/^\/new-prompt(?:\/([^/]+))?$/, (query, [name]) => editor(name && decodeURIComponent(name), query), { keeps: true }],
  [/^\/rollouts$/, (query) => rollouts(query)],
  [/^\/changelog$/, (query) => changelog(query)],
  [/^\/caches$/, () => caches(), { keeps: true }],
]

const main = document.getElementById('main')
let drawing = 0
let route = { path: '', keeps: false }

/** Draws what the address says. A view that is slower than the next one is dropped. */
async function draw({ isNews = false } = {}) {
  const number = ++drawing
  const [path, search = ''] = location.hash.slice(1).split('?')
  const query = Object.fromEntries(new URLSearchParams(search))
  const [pattern, view, options] = ROUTES.find(([candidate]) => candidate.test(path)) ?? []
  if (!view) {
    if (path === '' || path === '/') location.replace('#/prompts')
    else put(missing('Nothing here', 'There is no such page.', h('a', { href: '#/prompts' }, 'Prompts')))
    return
  }
  const isSame = route.path === path
  route = { path, keeps: options?.keeps ?? false }
  markSection(path)
  if (!isSame) main.replaceChildren(h('p', { class: 'loading', role: 'status' }, 'Loading'))
  let element
  try {
    element = await view(query, pattern.exec(path).slice(1))
  } catch (error) {
    if (isNews) return
    element = errorState(error, () => draw(), 'h1')
  }
  if (number !== drawing) return
  const focused = document.activeElement?.id
  put(element)
  if (isSame && focused) document.getElementById(focused)?.focus({ preventScroll: true })
  if (!isSame && drawing > 1 && !isNews) main.focus({ preventScroll: true })
}

function put(element) {
  main.replaceChildren(element)
  main.dataset.address = location.hash
  document.title = `${main.querySelector('h1').textContent} · Configuration`
}

function markSection(path) {
  for (const link of document.querySelectorAll('nav a')) {
    const isCurrent = `${path}/`.startsWith(`${link.hash.slice(1)}/`) || (path.startsWith('/new-prompt') && link.hash === '#/prompts')
    if (isCurrent) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
}

// Several changes in a row are drawn once. An open dialog is on top of everything, and is not touched.
let news
function onChange() {
  if (route.keeps) return
  clearTimeout(news)
  news = setTimeout(() => draw({ isNews: true }), 50)
}

const button = document.getElementById('sign-in')
button.textContent = isSignedIn() ? 'Sign out' : 'Sign in'
button.addEventListener('click', () => (isSignedIn() ? signOut() : signIn()))
addEventListener('hashchange', () => draw())
draw()
follow(onChange)
