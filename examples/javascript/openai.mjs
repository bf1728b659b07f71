// OpenAI's own SDK with Steward: all that changes is the base URL and the key.
// The model may be any provider's.
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { Person, Place } from './shapes.mjs';

export function connect({ url, key, headers, retries }) {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: key, defaultHeaders: headers, maxRetries: retries });
}

export async function chat(client, model, question) {
  const answer = await client.chat.completions.create({
    model,
    max_completion_tokens: 200,
    messages: [
      { role: 'system', content: 'You are brief.' },
      { role: 'user', content: question },
    ],
  });
  const [choice] = answer.choices;
  return { text: choice.message.content, finish: choice.finish_reason, input: answer.usage.prompt_tokens, output: answer.usage.completion_tokens };
}

// show is called with each piece of the answer; an aborted signal ends the call.
export async function stream(client, model, question, show, signal) {
  const stream = client.chat.completions.stream(
    { model, messages: [{ role: 'user', content: question }], stream_options: { include_usage: true } },
    { signal },
  );
  stream.on('content', (piece) => show(piece));
  const answer = await stream.finalChatCompletion(); // throws where the stream broke off
  const [choice] = answer.choices;
  return { text: choice.message.content, finish: choice.finish_reason, input: answer.usage.prompt_tokens, output: answer.usage.completion_tokens };
}

// The SDK calls weather with the model's arguments and sends its result back.
export async function tools(client, model, weather) {
  const runner = client.chat.completions.runTools({
    model,
    messages: [{ role: 'user', content: 'What is the weather in Paris?' }],
    tools: [
      {
        type: 'function',
        function: {
          name: 'get_weather',
          description: 'Tells the weather in a city.',
          parameters: Place.toJSONSchema(),
          parse: (args) => Place.parse(JSON.parse(args)),
          function: weather,
        },
      },
    ],
  });
  return runner.finalContent();
}

export async function structured(client, model) {
  const answer = await client.chat.completions.parse({
    model,
    messages: [{ role: 'user', content: 'Invent a person.' }],
    response_format: zodResponseFormat(Person, 'person'),
  });
  return answer.choices[0].message.parsed;
}

export async function image(client, model, png) {
  const answer = await client.chat.completions.create({
    model,
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is in this picture?' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${png.toString('base64')}` } },
        ],
      },
    ],
  });
  return answer.choices[0].message.content;
}

// Chat Completions counts the thinking; its text is in reasoning_content, a field
// that many servers share.
export async function reasoning(client, model) {
  const answer = await client.chat.completions.create({
    model,
    reasoning_effort: 'low',
    messages: [{ role: 'user', content: 'Is 91 a prime number?' }],
  });
  const { message } = answer.choices[0];
  return { thought: message.reasoning_content, text: message.content };
}

// Steward answers in OpenAI's own error format, so that the SDK's typed error has
// the status and a stable code.
export function explain(error) {
  if (error instanceof OpenAI.APIUserAbortError) return { aborted: true };
  if (error instanceof OpenAI.APIError) return { status: error.status, code: error.code, request: error.requestID };
  throw error;
}
