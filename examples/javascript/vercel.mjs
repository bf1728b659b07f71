// The Vercel AI SDK with Steward: each of its providers has a base URL and a key.
// Steward speaks all of their formats; the model may be any provider's.
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { APICallError, generateText, Output, stepCountIs, streamText, tool } from 'ai';
import { Person, Place } from './shapes.mjs';

// How to connect with each of the SDK's providers, how each is asked to think, and
// what tells one of its errors from another.
export const providers = {
  'openai responses': {
    open: ({ url, key, headers }) => createOpenAI({ baseURL: `${url}/v1`, apiKey: key, headers }),
    code: (error) => error.code,
    think: { openai: { reasoningEffort: 'low', reasoningSummary: 'auto', forceReasoning: true } },
  },
  'openai chat': {
    open: ({ url, key, headers }) => createOpenAI({ baseURL: `${url}/v1`, apiKey: key, headers }).chat,
    code: (error) => error.code,
  },
  anthropic: {
    open: ({ url, key, headers }) => createAnthropic({ baseURL: `${url}/v1`, apiKey: key, headers }),
    code: (error) => error.type,
    think: { anthropic: { thinking: { type: 'enabled', budgetTokens: 1024 } } },
  },
  google: {
    open: ({ url, key, headers }) => createGoogleGenerativeAI({ baseURL: `${url}/v1beta`, apiKey: key, headers }),
    code: (error) => error.status,
    think: { google: { thinkingConfig: { includeThoughts: true, thinkingLevel: 'low' } } },
  },
};

// example returns the same functions as the other examples have, for one provider.
export function example({ open, think, code }) {
  return {
    connect: ({ retries, ...settings }) => ({ model: open(settings), maxRetries: retries }),

    async chat({ model, maxRetries }, name, question) {
      const answer = await generateText({ model: model(name), maxRetries, system: 'You are brief.', prompt: question, maxOutputTokens: 200 });
      return { text: answer.text, finish: answer.finishReason, input: answer.usage.inputTokens, output: answer.usage.outputTokens };
    },

    // show is called with each piece of the answer; an aborted signal ends the call.
    async stream({ model, maxRetries }, name, question, show, signal) {
      let failure;
      const answer = streamText({
        model: model(name),
        maxRetries,
        prompt: question,
        abortSignal: signal,
        onError: ({ error }) => (failure = error),
      });
      for await (const piece of answer.textStream) show(piece);
      if (failure) throw failure;
      signal?.throwIfAborted();
      const usage = await answer.usage;
      return { text: await answer.text, finish: await answer.finishReason, input: usage.inputTokens, output: usage.outputTokens };
    },

    // The SDK calls weather with the model's input and sends its result back.
    async tools({ model }, name, weather) {
      const answer = await generateText({
        model: model(name),
        prompt: 'What is the weather in Paris?',
        tools: { get_weather: tool({ description: 'Tells the weather in a city.', inputSchema: Place, execute: weather }) },
        stopWhen: stepCountIs(5),
      });
      return answer.text;
    },

    async structured({ model }, name) {
      const answer = await generateText({ model: model(name), prompt: 'Invent a person.', output: Output.object({ schema: Person }) });
      return answer.output;
    },

    async image({ model }, name, png) {
      const content = [{ type: 'text', text: 'What is in this picture?' }, { type: 'image', image: png, mediaType: 'image/png' }];
      const answer = await generateText({ model: model(name), messages: [{ role: 'user', content }] });
      return answer.text;
    },

    // Null where the SDK does not show the thinking of this provider.
    reasoning: think
      ? async ({ model }, name) => {
          const answer = await generateText({ model: model(name), prompt: 'Is 91 a prime number?', providerOptions: think });
          return { thought: answer.reasoningText, text: answer.text };
        }
      : null,

    // Steward answers in the format that was asked in; the SDK's error has the status.
    explain(error) {
      if (error.name === 'AbortError') return { aborted: true };
      if (APICallError.isInstance(error)) return { status: error.statusCode, code: code(JSON.parse(error.responseBody).error) };
      throw error;
    },
  };
}
