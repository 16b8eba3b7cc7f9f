import { TemplateVariableError } from '../shared/errors.js'

/** Most characters (UTF-16 units) of one rendered template, all messages of a chat together: 16 Mi. */
const MOST_CHARACTERS = 16 * 1024 * 1024

/** Most steps of one rendering: a tag of a section counts once for each time it is written, and so does each item of a list. */
const MOST_ROUNDS = 500_000

/**
 * The steps and characters that one rendering has left. Sections over lists multiply: ten nested ones over ten items each are ten thousand
 * million steps, from a
 * template of a hundred bytes.
 */
export class RenderBudget {
  charactersLeft = MOST_CHARACTERS
  #roundsLeft = MOST_ROUNDS

  /** @throws {TemplateVariableError} when there are not that many steps left */
  takeRounds(rounds: number, name: string): void {
    this.#roundsLeft -= rounds
    if (this.#roundsLeft >= 0) return
    throw new TemplateVariableError(
      `Rendering takes more than ${MOST_ROUNDS} rounds, at "${name}". Nest fewer sections, or pass shorter lists.`,
      [name],
    )
  }

  /** @throws {TemplateVariableError} when there are not that many characters left */
  takeCharacters(characters: number, name: string): void {
    this.charactersLeft -= characters
    if (this.charactersLeft < 0) throw this.exceeded(name)
  }

  exceeded(name: string): TemplateVariableError {
    const names = name === '' ? [] : [name]
    return new TemplateVariableError(`The rendered text has more than ${MOST_CHARACTERS} characters (16 Mi). Pass shorter values.`, names)
  }
}
