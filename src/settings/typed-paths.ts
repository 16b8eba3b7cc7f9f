type Leaf = string | number | boolean | bigint | symbol | null | undefined | Date | URL | RegExp | ((...input: never) => unknown)

/** The same shape with everything in it read-only. */
export type DeepReadonly<Value> = Value extends Leaf
  ? Value
  : Value extends readonly (infer Item)[]
    ? number extends Value['length']
      ? readonly DeepReadonly<Item>[]
      : { readonly [Index in keyof Value]: DeepReadonly<Value[Index]> }
    : Value extends object
      ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
      : Value

/** Some of the shape: what `overrides` takes. */
export type DeepPartial<Value> = unknown extends Value
  ? Value
  : Value extends Leaf | readonly unknown[]
    ? Value
    : { readonly [Key in keyof Value]?: DeepPartial<Value[Key]> }

/** Every dotted path into a shape, five levels deep. */
export type PathOf<Value, Depth extends readonly unknown[] = []> = Depth['length'] extends 5
  ? never
  : NonNullable<Value> extends Leaf | readonly unknown[]
    ? never
    : NonNullable<Value> extends object
      ? {
          [Key in keyof NonNullable<Value> & string]: Key | `${Key}.${PathOf<NonNullable<Value>[Key], [...Depth, unknown]>}`
        }[keyof NonNullable<Value> & string]
      : never

/** What {@link ValueAt} gives for a path that leads nowhere. */
export interface NoSuchPath {
  readonly 'no setting has this path': true
}

/** The type of the value at a path, in any case: `db.host`, `DB__host`, `servers.0.host`, `servers[0].host`. */
export type ValueAt<Value, Path extends string> = string extends Path ? unknown : Walk<Value, Dotted<Path>>

/** The path itself where the settings may have it; a misspelt path of a closed schema is a type error. */
export type KnownPath<Value, Path extends string> = [ValueAt<Value, Path>] extends [NoSuchPath] ? NoSuchPath : Path

type Dotted<Path extends string> = Path extends `${infer Before}[${infer Index}]${infer After}`
  ? Dotted<`${Before}.${Index}${After}`>
  : Path extends `${infer Before}__${infer After}`
    ? `${Before}.${Dotted<After>}`
    : Path

type Walk<Value, Path extends string> = unknown extends Value
  ? unknown
  : Path extends `${infer Head}.${infer Rest}`
    ? [Child<Value, Head>] extends [NoSuchPath]
      ? NoSuchPath
      : Absent<Child<Value, Head>, Walk<Exclude<Child<Value, Head>, undefined | null>, Rest>>
    : Child<Value, Path>

/** A path through something that may be absent may end in `undefined`. */
type Absent<Value, Result> = [Result] extends [NoSuchPath] ? NoSuchPath : undefined extends Value ? Result | undefined : Result

/** One step, in every member of a union; a member without the key gives `undefined`. */
type Child<Value, Key extends string> = Merged<Step<NonNullable<Value>, Key>>
type Merged<Found> = [Found] extends [NoSuchPath] ? NoSuchPath : Exclude<Found, NoSuchPath> | (NoSuchPath extends Found ? undefined : never)

type Step<Value, Key extends string> = Value extends Leaf
  ? NoSuchPath
  : Value extends readonly unknown[]
    ? ItemOf<Value, Key>
    : Value extends object
      ? Property<Value, Spelled<KnownKeys<Value>, Key>>
      : NoSuchPath

type ItemOf<List extends readonly unknown[], Key extends string> = Key extends keyof List
  ? List[Key]
  : number extends List['length']
    ? Key extends `${number}`
      ? List[number] | undefined
      : NoSuchPath
    : NoSuchPath

/** A record has any key, or has it not. */
type Property<Value, Key> = [Key] extends [never]
  ? string extends keyof Value
    ? Value[keyof Value & string] | undefined
    : NoSuchPath
  : Key extends keyof Value
    ? Value[Key]
    : NoSuchPath

type KnownKeys<Value> = keyof { [Key in keyof Value as string extends Key ? never : Key]: true } & string
type Spelled<Known extends string, Key extends string> = Key extends Known
  ? Key
  : Known extends unknown
    ? Lowercase<Known> extends Lowercase<Key>
      ? Known
      : never
    : never
