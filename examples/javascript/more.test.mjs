// What applications do beside the examples: tools and structured answers in
// streams, thinking that comes back with a tool's result, limits, lists, embeddings;
// and what every SDK must make of a provider that breaks.
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { stepCountIs, streamText, tool } from 'ai';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { zodResponseFormat } from 'openai/helpers/zod';
import * as anthropic from './anthropic.mjs';
import * as gemini from './gemini.mjs';
import * as openai from './openai.mjs';
import * as responses from './responses.mjs';
import { Person, Place } from './shapes.mjs';
import * as vercel from './vercel.mjs';

const { STEWARD_URL: url, STEWARD_KEY: key, STEWARD_TARGETS: targets } = process.env;
const fast = { 'x-sim-latency': '1ms', 'x-sim-rate': '5000' };
const settings = { url, key, headers: fast, retries: 0 };
const question = 'What is the weather in Paris?';
const weather = '18 degrees and a light breeze';
const schema = Place.toJSONSchema();

// told checks that a tool was called once and that the answer tells its result.
function told(text, asked) {
  assert.equal(asked.length, 1);
  Place.parse(asked[0]);
  assert.match(text, /get_weather.*18 degrees and a light breeze/s);
}

for (const target of targets.split(',')) {
  const model = `${target}/reasoning`;

  describe(`openai, ${target}`, () => {
    const client = openai.connect(settings);

    test('tools in a stream', async () => {
      const asked = [];
      const runner = client.chat.completions.runTools({
        stream: true,
        model,
        reasoning_effort: 'low',
        messages: [{ role: 'user', content: question }],
        tools: [{ type: 'function', function: { name: 'get_weather', parameters: schema, parse: JSON.parse, function: (place) => (asked.push(place), weather) } }],
      });
      told(await runner.finalContent(), asked);
    });
    test('two tools at once in a stream', async () => {
      const tools = ['get_weather', 'get_time'].map((name) => ({ type: 'function', function: { name, parameters: schema } }));
      const stream = client.chat.completions.stream({ model, tools, messages: [{ role: 'user', content: 'Use get_weather and get_time.' }] });
      const [choice] = (await stream.finalChatCompletion()).choices;
      assert.equal(choice.finish_reason, 'tool_calls');
      const calls = choice.message.tool_calls;
      assert.deepEqual(calls.map((call) => call.function.name), ['get_weather', 'get_time']);
      assert.notEqual(calls[0].id, calls[1].id);
      for (const call of calls) Place.parse(JSON.parse(call.function.arguments));
    });
    test('a forced tool', async () => {
      const tools = ['first', 'second'].map((name) => ({ type: 'function', function: { name, parameters: schema } }));
      const tool_choice = { type: 'function', function: { name: 'second' } };
      const answer = await client.chat.completions.create({ model, tools, tool_choice, messages: [{ role: 'user', content: 'Hello.' }] });
      assert.equal(answer.choices[0].message.tool_calls[0].function.name, 'second');
    });
    test('a structured answer in a stream', async () => {
      const response_format = zodResponseFormat(Person, 'person');
      const stream = client.chat.completions.stream({ model, response_format, messages: [{ role: 'user', content: 'Invent a person.' }] });
      Person.strict().parse((await stream.finalChatCompletion()).choices[0].message.parsed);
    });
    test('an answer that is cut off says so', async () => {
      const chat = await client.chat.completions.create({ model, max_completion_tokens: 20, messages: [{ role: 'user', content: 'Tell a story.' }] });
      assert.equal(chat.choices[0].finish_reason, 'length');
      const response = await client.responses.stream({ model, max_output_tokens: 20, input: 'Tell a story.' }).finalResponse();
      assert.equal(response.status, 'incomplete');
      assert.equal(response.incomplete_details.reason, 'max_output_tokens');
    });
    test('responses: thinking comes back with the result of a tool', async () => {
      const tools = [{ type: 'function', name: 'get_weather', parameters: schema, strict: true }];
      const common = { model, tools, store: false, include: ['reasoning.encrypted_content'], reasoning: { effort: 'low', summary: 'auto' } };
      const first = await client.responses.stream({ ...common, input: question }).finalResponse();
      const call = first.output.find((item) => item.type === 'function_call');
      const output = { type: 'function_call_output', call_id: call.call_id, output: weather };
      const second = await client.responses.create({ ...common, input: [{ role: 'user', content: question }, ...first.output, output] });
      told(second.output_text, [JSON.parse(call.arguments)]);
    });
  });

  test(`anthropic, ${target}: thinking and tools in a stream`, async () => {
    const asked = [];
    const runner = anthropic.connect(settings).beta.messages.toolRunner({
      stream: true,
      thread: false,
      model,
      max_tokens: 3000,
      thinking: { type: 'enabled', budget_tokens: 1024 },
      messages: [{ role: 'user', content: question }],
      tools: [betaZodTool({ name: 'get_weather', description: 'Tells the weather.', inputSchema: Place, run: (place) => (asked.push(place), weather) })],
    });
    let last;
    for await (const stream of runner) last = await stream.finalMessage();
    told(last.content.filter((block) => block.type === 'text').map((block) => block.text).join(''), asked);
  });

  describe(`gemini, ${target}`, () => {
    const client = gemini.connect(settings);

    test('thinking and tools in a stream', async () => {
      const config = {
        tools: [{ functionDeclarations: [{ name: 'get_weather', parametersJsonSchema: schema }] }],
        thinkingConfig: { includeThoughts: true },
      };
      const ask = async (contents) => {
        const parts = [];
        for await (const piece of await client.models.generateContentStream({ model, contents, config })) {
          parts.push(...(piece.candidates?.[0]?.content?.parts ?? []));
        }
        return parts;
      };
      const contents = [{ role: 'user', parts: [{ text: question }] }];
      const parts = await ask(contents);
      const { id, name, args } = parts.find((part) => part.functionCall).functionCall;
      contents.push({ role: 'model', parts }, { role: 'user', parts: [{ functionResponse: { id, name, response: { output: weather } } }] });
      told((await ask(contents)).filter((part) => !part.thought).map((part) => part.text ?? '').join(''), [args]);
    });
    test('a session', async () => {
      const chat = client.chats.create({ model: `${target}/echo` });
      await chat.sendMessage({ message: 'one' });
      assert.equal((await chat.sendMessage({ message: 'two' })).text, 'two');
    });
  });

  for (const [name, provider] of Object.entries(vercel.providers)) {
    test(`vercel ${name}, ${target}: thinking and tools in a stream`, async () => {
      const asked = [];
      const execute = (place) => (asked.push(place), weather);
      const answer = streamText({
        model: provider.open(settings)(model),
        maxRetries: 0,
        prompt: question,
        providerOptions: provider.think,
        stopWhen: stepCountIs(4),
        tools: { get_weather: tool({ description: 'Tells the weather.', inputSchema: Place, execute }) },
      });
      told(await answer.text, asked);
    });
  }
}

// Every SDK must say that something is wrong, whatever broke; or tell the whole
// answer where nothing that matters did.
const examples = { openai, responses, anthropic, gemini };
const words = 'one two three four five six seven eight nine ten';
const breaks = ['cut', 'cut_hard', 'reset_mid', 'malformed', 'error_event', 'empty', 'bad_json', 'bad_gateway_html', 'error_503', 'auth_401', 'reset'];
for (const fault of [...breaks, 'padding']) {
  test(`a provider with the fault ${fault}`, async () => {
    for (const [name, example] of Object.entries(examples)) {
      for (const target of targets.split(',')) {
        const client = example.connect({ ...settings, headers: { ...fast, 'x-sim-fault': fault } });
        const stream = example.stream(client, `${target}/echo`, words, () => {});
        const what = `${name} with ${target}`;
        if (breaks.includes(fault)) await assert.rejects(stream, what);
        else assert.equal((await stream).text, words, what);
      }
    }
  });
}

for (const target of ['sim', 'openai', 'gemini']) {
  test(`embeddings, ${target}`, async () => {
    const input = ['first text', 'second text'];
    const answer = await openai.connect(settings).embeddings.create({ model: `${target}/embed`, input, dimensions: 64 });
    assert.deepEqual(answer.data.map((one) => one.embedding.length), [64, 64]);
    assert.ok(answer.usage.prompt_tokens > 0);
    const { embeddings } = await gemini.connect(settings).models.embedContent({ model: `${target}/embed`, contents: input });
    assert.equal(embeddings.length, 2);
  });
}

test('the models, as each SDK lists them', async () => {
  const lists = {
    'sim/small': [openai.connect(settings).models.list(), anthropic.connect(settings).models.list()],
    'models/sim/small': [await gemini.connect(settings).models.list()],
  };
  for (const [want, pagers] of Object.entries(lists)) {
    for (const pager of pagers) {
      const names = [];
      for await (const model of pager) names.push(model.id ?? model.name);
      assert.ok(names.includes(want), `${want} is not in ${names}`);
    }
  }
});
