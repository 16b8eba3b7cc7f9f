import { generateText, streamText } from 'ai'
import { Ollama } from 'ollama'
import { createOllama } from 'ollama-ai-provider-v2'

// What a service would talk to Ollama with instead. Each gives `chat`, the whole answer, and `stream`, which goes through its parts; both
// resolve with the text, so that a client that loses some is seen.

export function peerClients(url, model) {
  const official = new Ollama({ host: url })
  const streamed = async (messages) => {
    let text = ''
    for await (const part of await official.chat({ model, messages, stream: true })) text += part.message.content
    return text
  }
  const provider = createOllama({ baseURL: `${url}/api` })
  return {
    ollama: {
      // As ours does: its own unstreamed chat waits for one line, has no timer for the first part, and dies at five minutes without headers.
      chat: streamed,
      stream: streamed,
    },
    'ollama-ai-provider-v2': {
      chat: async (messages) => (await generateText({ model: provider(model), messages })).text,
      async stream(messages) {
        let text = ''
        for await (const delta of streamText({ model: provider(model), messages }).textStream) text += delta
        return text
      },
    },
  }
}
