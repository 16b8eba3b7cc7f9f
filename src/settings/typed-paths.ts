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

/** What stands at a dotted path. */
export type ValueAt<Value, Path extends string> = Path extends keyof NonNullable<Value>
  ? Step<Value, NonNullable<Value>[Path]>
  : Path extends `${infer Head}.${infer Rest}`
    ? Head extends keyof NonNullable<Value>
      ? Step<Value, ValueAt<NonNullable<Value>[Head], Rest>>
      : string extends keyof NonNullable<Value>
        ? undefined
        : unknown
    : unknown

/** A path through something that may be absent may end in `undefined`; so may the key of a record. */
type Step<Value, Result> = undefined extends Value
  ? Result | undefined
  : string extends keyof NonNullable<Value>
    ? Result | undefined
    : Result
