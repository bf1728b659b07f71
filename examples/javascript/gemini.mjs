// Google's own SDK with Steward: all that changes is the base URL and the key.
// The model may be any provider's.
import { ApiError, GoogleGenAI, ThinkingLevel, Type } from '@google/genai';

export function connect({ url, key, headers }) {
  return new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url, headers } });
}

function result(text, finish, usage) {
  return { text, finish, input: usage?.promptTokenCount, output: usage?.candidatesTokenCount };
}

export async function chat(client, model, question) {
  const answer = await client.models.generateContent({
    model,
    contents: question,
    config: { systemInstruction: 'You are brief.', maxOutputTokens: 200 },
  });
  return result(answer.text, answer.candidates[0].finishReason, answer.usageMetadata);
}

// show is called with each piece of the answer; an aborted signal ends the call.
export async function stream(client, model, question, show, signal) {
  let text = '';
  let finish;
  let usage;
  for await (const piece of await client.models.generateContentStream({ model, contents: question, config: { abortSignal: signal } })) {
    if (piece.text) {
      show(piece.text);
      text += piece.text;
    }
    finish = piece.candidates?.[0]?.finishReason ?? finish;
    usage = piece.usageMetadata ?? usage;
  }
  // A stream that broke off has no finish reason: never take it for a whole answer.
  if (!finish) throw new Error('the answer is not complete');
  return result(text, finish, usage);
}

const getWeather = {
  name: 'get_weather',
  description: 'Tells the weather in a city.',
  parameters: {
    type: Type.OBJECT,
    properties: { city: { type: Type.STRING }, unit: { type: Type.STRING, enum: ['celsius', 'fahrenheit'] } },
    required: ['city', 'unit'],
  },
};

export async function tools(client, model, weather) {
  const contents = [{ role: 'user', parts: [{ text: 'What is the weather in Paris?' }] }];
  for (let round = 0; round < 5; round++) {
    const answer = await client.models.generateContent({ model, contents, config: { tools: [{ functionDeclarations: [getWeather] }] } });
    const calls = answer.functionCalls ?? [];
    if (calls.length === 0) return answer.text;
    contents.push(answer.candidates[0].content);
    const parts = [];
    for (const { id, name, args } of calls) {
      parts.push({ functionResponse: { id, name, response: { output: await weather(args) } } });
    }
    contents.push({ role: 'user', parts });
  }
  throw new Error('the model calls tools without end');
}

export async function structured(client, model) {
  const answer = await client.models.generateContent({
    model,
    contents: 'Invent a person.',
    config: {
      responseMimeType: 'application/json',
      responseSchema: {
        type: Type.OBJECT,
        properties: {
          name: { type: Type.STRING },
          age: { type: Type.INTEGER, minimum: 0, maximum: 120 },
          tags: { type: Type.ARRAY, items: { type: Type.STRING } },
        },
        required: ['name', 'age', 'tags'],
      },
    },
  });
  return JSON.parse(answer.text);
}

export async function image(client, model, png) {
  const picture = { inlineData: { mimeType: 'image/png', data: png.toString('base64') } };
  const answer = await client.models.generateContent({ model, contents: ['What is in this picture?', picture] });
  return answer.text;
}

export async function reasoning(client, model) {
  let thought = '';
  let text = '';
  const pieces = await client.models.generateContentStream({
    model,
    contents: 'Is 91 a prime number?',
    config: { thinkingConfig: { includeThoughts: true, thinkingLevel: ThinkingLevel.LOW } },
  });
  for await (const piece of pieces) {
    for (const part of piece.candidates?.[0]?.content?.parts ?? []) {
      if (part.thought) thought += part.text ?? '';
      else text += part.text ?? '';
    }
  }
  return { thought, text };
}

// Steward answers in Google's own error format, so that the SDK's typed error has
// the status; its message is the error as JSON.
export function explain(error) {
  if (error.name === 'AbortError') return { aborted: true };
  if (error instanceof ApiError) return { status: error.status, code: JSON.parse(error.message).error.status };
  throw error;
}
