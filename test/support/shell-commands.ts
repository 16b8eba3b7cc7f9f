/** One command of a page. */
export interface ShellCommand {
  readonly page: string
  readonly line: number
  /** Without variables before it, comments and what follows a pipe or a redirection. */
  readonly text: string
  /** The file that its output is written to: `> name`. */
  readonly into?: string
}

/** The commands in the `sh` and `bash` blocks of a page. `console` blocks show what a reader types; they are not checked. */
export function shellCommandsOf(page: string, markdown: string): readonly ShellCommand[] {
  const commands: ShellCommand[] = []
  let fence: string | undefined
  let isShell = false
  let before = ''
  for (const [index, line] of markdown.split('\n').entries()) {
    const [, marks, language] = /^\s*(`{3,})(\w*)/.exec(line) ?? []
    if (fence === undefined && marks) {
      fence = marks
      isShell = ['sh', 'bash'].includes(language!)
    } else if (fence !== undefined && marks?.startsWith(fence)) {
      fence = undefined
      isShell = false
    } else if (isShell) {
      const text = before + line.replace(/(?:^|\s)#.*$/, '').trim()
      before = text.endsWith('\\') ? text.slice(0, -1) : ''
      const [, into] = /\s>\s*(\S+)$/.exec(text) ?? []
      if (text !== '' && before === '') commands.push({ page, line: index + 1, text: bare(text), ...(into !== undefined && { into }) })
    }
  }
  return commands
}

/** The words of a command as a shell hands them over: `'in quotes'` is one. */
export function wordsOf(command: string): readonly string[] {
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, bareWord]) => single ?? double ?? (bareWord as string))
}

/** The npm scripts that a command runs. */
export function scriptsOf(command: string): readonly string[] {
  return [...command.matchAll(/\bnpm (?:run (?:--silent )?([\w:-]+)|(test)\b)/g)].map(([, script, test]) => (script ?? test)!)
}

/** The files of the repository that a command names. */
export function filesOf(command: string): readonly string[] {
  return [...command.matchAll(/(?:^|\s)((?:examples|test|docs|src)\/[\w./-]+)/g)].map(([, file]) => file!)
}

function bare(text: string): string {
  const [command = ''] = text.split(/\s(?:\||>)\s/)
  return command.replace(/^(?:[A-Z_]+=(?:"[^"]*"|\S+)\s+)+/, '').trim()
}
