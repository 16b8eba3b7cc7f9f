/** The door `agent-config/testing`: for a host's tests, never for production. */
export { createTestManager, type TestManagerOptions, type TestManagerSeed } from './create-test-manager.js'
export {
  type FakeAnswer,
  type FakeAnswerDetails,
  type FakeAnswerFunction,
  type FakeCall,
  FakeLLMClient,
  type FakeLLMClientOptions,
} from './fake-llm-client.js'
export { type LLMClientContractOptions, llmClientContract, type TestRunner } from './llm-client-contract.js'
export { type EventRecord, type RecordedEvent, recordEvents } from './record-events.js'
