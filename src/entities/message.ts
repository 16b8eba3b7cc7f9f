/** Who speaks in a message. `developer` is what newer OpenAI models call `system`; providers without it get `system`. */
export type MessageRole = 'system' | 'developer' | 'user' | 'assistant' | 'tool'

/** Every role a message can have. */
export const MESSAGE_ROLES = ['system', 'developer', 'user', 'assistant', 'tool'] as const satisfies readonly MessageRole[]

/**
 * Marks the end of a prefix that the provider should keep: everything up to and including the marked message or part.
 *
 * `true` and `'5m'` keep it for five minutes, `'1h'` for an hour, where the provider lets a caller choose (Anthropic).
 * Providers that cache by themselves (OpenAI) and servers without a cache ignore it.
 */
export type CacheMark = true | '5m' | '1h'

/** Facts by provider, opaque to this package: `{ anthropic: { signature: '…' } }`. */
export interface ProviderRecord {
  readonly [provider: string]: { readonly [name: string]: unknown }
}

/** What messages, parts and tool calls carry for a provider without this package looking into it. */
export interface ProviderFields {
  /** Metadata that the provider sent with it: signatures of thoughts, ids of items. Sent back with the history, unchanged. */
  readonly providerMetadata?: ProviderRecord
  /** Fields for the provider, by its name. They are merged over `providerMetadata` when the message is sent. */
  readonly providerOptions?: ProviderRecord
}

/** What content parts have in common. */
export interface PartFields extends ProviderFields {
  readonly cache?: CacheMark
}

/** Text of a message. */
export interface TextPart extends PartFields {
  readonly type: 'text'
  readonly text: string
}

/** A picture: an address, or its bytes. */
export interface ImagePart extends PartFields {
  readonly type: 'image'
  /** `https:` or `data:`. Never taken for a path, and never fetched by this package. */
  readonly url?: string
  /** Bytes, or base64. */
  readonly data?: Uint8Array | string
  /** Such as `image/png`. @default what the first bytes say */
  readonly mediaType?: string
}

/** A document, a recording: an address, or its bytes. */
export interface FilePart extends PartFields {
  readonly type: 'file'
  /** `https:` or `data:`. Never taken for a path, and never fetched by this package. */
  readonly url?: string
  /** Bytes, or base64. */
  readonly data?: Uint8Array | string
  /** Such as `application/pdf`. */
  readonly mediaType?: string
  readonly filename?: string
}

/** What the model thought, as a part: with the signature that some providers want back (`providerMetadata`). */
export interface ReasoningPart extends PartFields {
  readonly type: 'reasoning'
  readonly text: string
}

/** A part this package does not know. It is carried as it is, for the provider that does. */
export interface OpaquePart {
  readonly type: string
  readonly [field: string]: unknown
}

/** One part of a message's content. Tell them apart with `isTextPart` and its siblings: `type` alone also fits an opaque part. */
export type MessagePart = TextPart | ImagePart | FilePart | ReasoningPart | OpaquePart

/** Text, parts in order, or `null` for an assistant that only asked for tools. */
export type MessageContent = string | readonly MessagePart[] | null

/** A tool the model wants to be run, with its arguments as a value (not as JSON text). */
export interface ToolCall extends ProviderFields {
  readonly id: string
  readonly name: string
  readonly input: unknown
}

/** One message of a conversation. */
export interface Message extends ProviderFields {
  readonly role: MessageRole
  readonly content: MessageContent
  /** Pictures for the model, after the content: bytes, or base64. Short for parts of type `image`. */
  readonly images?: readonly (Uint8Array | string)[]
  /** For role `assistant`: the tools it asked for. */
  readonly toolCalls?: readonly ToolCall[]
  /** For role `tool`: the tool that gave this result. */
  readonly toolName?: string
  /** For role `tool`: the call that this is the result of. */
  readonly toolCallId?: string
  /** For role `assistant`: what it thought before it answered. Short for a part of type `reasoning` before the content. */
  readonly thinking?: string
  /** Everything up to and including this message should be kept by the provider. */
  readonly cache?: CacheMark
}
