// OpenAI's own SDK with Steward, by the Responses API.
import { zodTextFormat } from 'openai/helpers/zod';
import { Person, Place } from './shapes.mjs';

export { connect, explain } from './openai.mjs';

export async function chat(client, model, question) {
  const answer = await client.responses.create({ model, instructions: 'You are brief.', input: question, max_output_tokens: 200 });
  return { text: answer.output_text, finish: answer.status, input: answer.usage.input_tokens, output: answer.usage.output_tokens };
}

// show is called with each piece of the answer; an aborted signal ends the call.
export async function stream(client, model, question, show, signal) {
  const stream = client.responses.stream({ model, input: question }, { signal });
  stream.on('response.output_text.delta', (event) => show(event.delta));
  const answer = await stream.finalResponse(); // throws where the stream broke off
  if (answer.status === 'failed') throw new Error(`the model failed: ${answer.error.code}`);
  return { text: answer.output_text, finish: answer.status, input: answer.usage.input_tokens, output: answer.usage.output_tokens };
}

// Nothing is stored between the rounds: each sends the conversation so far.
export async function tools(client, model, weather) {
  const input = [{ role: 'user', content: 'What is the weather in Paris?' }];
  for (let round = 0; round < 5; round++) {
    const answer = await client.responses.create({
      model,
      input,
      tools: [{ type: 'function', name: 'get_weather', description: 'Tells the weather in a city.', parameters: Place.toJSONSchema(), strict: true }],
    });
    const calls = answer.output.filter((item) => item.type === 'function_call');
    if (calls.length === 0) return answer.output_text;
    input.push(...answer.output);
    for (const call of calls) {
      const result = await weather(Place.parse(JSON.parse(call.arguments)));
      input.push({ type: 'function_call_output', call_id: call.call_id, output: result });
    }
  }
  throw new Error('the model calls tools without end');
}

export async function structured(client, model) {
  const answer = await client.responses.parse({ model, input: 'Invent a person.', text: { format: zodTextFormat(Person, 'person') } });
  return answer.output_parsed;
}

export async function image(client, model, png) {
  const answer = await client.responses.create({
    model,
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'What is in this picture?' },
          { type: 'input_image', image_url: `data:image/png;base64,${png.toString('base64')}`, detail: 'auto' },
        ],
      },
    ],
  });
  return answer.output_text;
}

export async function reasoning(client, model) {
  const answer = await client.responses.create({ model, input: 'Is 91 a prime number?', reasoning: { effort: 'low', summary: 'auto' } });
  const thoughts = answer.output.filter((item) => item.type === 'reasoning').flatMap((item) => item.summary);
  return { thought: thoughts.map((part) => part.text).join(''), text: answer.output_text };
}
