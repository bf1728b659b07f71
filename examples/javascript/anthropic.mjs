// Anthropic's own SDK with Steward: all that changes is the base URL and the key.
// The model may be any provider's.
import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { Person, Place } from './shapes.mjs';

export function connect({ url, key, headers, retries }) {
  // The base URL is without /v1: this SDK adds it.
  return new Anthropic({ baseURL: url, apiKey: key, authToken: null, defaultHeaders: headers, maxRetries: retries });
}

function textOf(message) {
  return message.content.filter((block) => block.type === 'text').map((block) => block.text).join('');
}

function result(message) {
  return { text: textOf(message), finish: message.stop_reason, input: message.usage.input_tokens, output: message.usage.output_tokens };
}

export async function chat(client, model, question) {
  return result(
    await client.messages.create({ model, max_tokens: 1000, system: 'You are brief.', messages: [{ role: 'user', content: question }] }),
  );
}

// show is called with each piece of the answer; an aborted signal ends the call.
export async function stream(client, model, question, show, signal) {
  const stream = client.messages.stream({ model, max_tokens: 1000, messages: [{ role: 'user', content: question }] }, { signal });
  stream.on('text', (piece) => show(piece));
  return result(await stream.finalMessage()); // throws where the stream broke off
}

// The SDK calls weather with the model's input and sends its result back. Unless
// told otherwise it leaves the conversation so far with the provider, in a thread.
// Without one each round holds the whole conversation, so that any provider can
// answer it. (With threads, Steward tells the SDK where there are none, and it sends
// the whole.)
export async function tools(client, model, weather, thread = false) {
  const tool = betaZodTool({ name: 'get_weather', description: 'Tells the weather in a city.', inputSchema: Place, run: weather });
  const runner = client.beta.messages.toolRunner({
    model,
    max_tokens: 1000,
    messages: [{ role: 'user', content: 'What is the weather in Paris?' }],
    tools: [tool],
    ...(thread ? {} : { thread: false }),
  });
  return textOf(await runner);
}

export async function structured(client, model) {
  const answer = await client.messages.parse({
    model,
    max_tokens: 1000,
    messages: [{ role: 'user', content: 'Invent a person.' }],
    output_config: { format: zodOutputFormat(Person) },
  });
  return answer.parsed_output;
}

export async function image(client, model, png) {
  const source = { type: 'base64', media_type: 'image/png', data: png.toString('base64') };
  const content = [{ type: 'image', source }, { type: 'text', text: 'What is in this picture?' }];
  return textOf(await client.messages.create({ model, max_tokens: 1000, messages: [{ role: 'user', content }] }));
}

export async function reasoning(client, model) {
  const answer = await client.messages.create({
    model,
    max_tokens: 4000,
    thinking: { type: 'enabled', budget_tokens: 1024 },
    messages: [{ role: 'user', content: 'Is 91 a prime number?' }],
  });
  const thoughts = answer.content.filter((block) => block.type === 'thinking');
  return { thought: thoughts.map((block) => block.thinking).join(''), text: textOf(answer) };
}

// Steward answers in Anthropic's own error format, so that the SDK's typed error
// has the status and the type.
export function explain(error) {
  if (error instanceof Anthropic.APIUserAbortError) return { aborted: true };
  if (error instanceof Anthropic.APIError) return { status: error.status, code: error.error?.error?.type, request: error.requestID };
  throw error;
}
