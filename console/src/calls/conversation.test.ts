import { describe, expect, it } from 'vitest';
import { pretty, requestTurns, responseTurns, type Turn } from './conversation';

const said = (turns: Turn[]) => turns.map((t) => `${t.role}: ${t.parts.map((p) => (p.kind === 'tool' ? `${p.name}(${p.text.replace(/\s/g, '')})` : `${p.kind === 'text' ? '' : `<${p.kind}>`}${p.text}`)).join(' | ')}`);
const stream = (...events: unknown[]) => events.map((e) => `data: ${JSON.stringify(e)}\n\n`).join('') + 'data: [DONE]\n\n';

describe('requestTurns', () => {
  const tests: Record<string, [unknown, string[]]> = {
    'OpenAI chat': [
      { messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: [{ type: 'text', text: 'Look' }, { type: 'image_url', image_url: { url: 'x' } }] },
        { role: 'assistant', content: null, tool_calls: [{ id: '1', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } }] }, { role: 'tool', tool_call_id: '1', content: 'rain' }] },
      ['system: Be brief.', 'user: Look | <other>image_url', 'assistant: get_weather({"city":"Oslo"})', 'tool: <result>rain'],
    ],
    'OpenAI responses with a text': [{ instructions: 'Be brief.', input: 'Hello' }, ['system: Be brief.', 'user: Hello']],
    'OpenAI responses with items': [
      { input: [{ role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }, { type: 'function_call', name: 'f', arguments: '{}' }, { type: 'function_call_output', output: 'done' }] },
      ['user: Hi', 'assistant: f({})', 'tool: <result>done'],
    ],
    'Anthropic messages': [
      { system: [{ type: 'text', text: 'Be kind.' }], messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: [{ type: 'thinking', thinking: 'hm' }, { type: 'tool_use', name: 'f', input: { a: 1 } }] },
        { role: 'user', content: [{ type: 'tool_result', content: [{ type: 'text', text: 'ok' }] }] }] },
      ['system: Be kind.', 'user: Hi', 'assistant: <thinking>hm | f({"a":1})', 'user: <result>ok'],
    ],
    'Gemini': [
      { systemInstruction: { parts: [{ text: 'Be fair.' }] }, contents: [{ role: 'user', parts: [{ text: 'Hi' }] }, { role: 'model', parts: [{ functionCall: { name: 'f', args: { a: 1 } } }] }] },
      ['system: Be fair.', 'user: Hi', 'model: f({"a":1})'],
    ],
    'Bedrock converse': [{ system: [{ text: 'Be.' }], messages: [{ role: 'user', content: [{ text: 'Hi' }] }] }, ['system: Be.', 'user: Hi']],
    'embeddings of texts': [{ input: ['a', 'b'] }, ['user: a', 'user: b']],
    'no conversation': [{ file: 'x' }, []],
  };
  for (const [sentence, [body, want]] of Object.entries(tests)) it(sentence, () => expect(said(requestTurns(JSON.stringify(body)))).toEqual(want));
  it('bears what is no JSON', () => expect(requestTurns('hello {')).toEqual([]));
});

describe('responseTurns', () => {
  const tests: Record<string, [string, string[]]> = {
    'OpenAI chat': [JSON.stringify({ choices: [{ message: { role: 'assistant', content: 'Hello' } }] }), ['assistant: Hello']],
    'OpenAI chat, streamed with a tool': [
      stream({ choices: [{ delta: { role: 'assistant', content: '' } }] }, { choices: [{ delta: { content: 'He' } }] }, { choices: [{ delta: { content: 'llo' } }] },
        { choices: [{ delta: { tool_calls: [{ index: 0, function: { name: 'f', arguments: '{"a"' } }] } }] }, { choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: ':1}' } }] } }] }),
      ['assistant: Hello | f({"a":1})'],
    ],
    'Anthropic messages': [JSON.stringify({ type: 'message', content: [{ type: 'text', text: 'Hi' }] }), ['assistant: Hi']],
    'Anthropic messages, streamed': [
      stream({ type: 'content_block_start', index: 0, content_block: { type: 'thinking' } }, { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } },
        { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Hi' } }, { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', name: 'f' } },
        { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"a":' } }, { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '1}' } }),
      ['assistant: <thinking>hm | Hi | f({"a":1})'],
    ],
    'OpenAI responses': [JSON.stringify({ output: [{ type: 'reasoning', summary: [{ text: 'hm' }] }, { type: 'message', content: [{ type: 'output_text', text: 'Hi' }] }] }), ['assistant: <thinking>hm | Hi']],
    'OpenAI responses, streamed': [
      stream({ type: 'response.reasoning_summary_text.delta', delta: 'hm' }, { type: 'response.output_text.delta', delta: 'H' }, { type: 'response.output_text.delta', delta: 'i' },
        { type: 'response.output_item.added', output_index: 2, item: { type: 'function_call', name: 'f' } }, { type: 'response.function_call_arguments.delta', output_index: 2, delta: '{}' }),
      ['assistant: <thinking>hm | Hi | f({})'],
    ],
    'Gemini': [JSON.stringify({ candidates: [{ content: { parts: [{ text: 'hm', thought: true }, { text: 'Hi' }] } }] }), ['assistant: <thinking>hm | Hi']],
    'Gemini, streamed': [stream({ candidates: [{ content: { parts: [{ text: 'H' }] } }] }, { candidates: [{ content: { parts: [{ text: 'i' }] } }] }), ['assistant: Hi']],
    'Bedrock converse': [JSON.stringify({ output: { message: { role: 'assistant', content: [{ text: 'Hi' }] } } }), ['assistant: Hi']],
    'an error': [JSON.stringify({ error: { message: 'no' } }), []],
    'nothing': ['', []],
  };
  for (const [sentence, [body, want]] of Object.entries(tests)) it(sentence, () => expect(said(responseTurns(body))).toEqual(want));
});

describe('pretty', () => {
  it('indents JSON and leaves the rest', () => expect([pretty('{"a":1}'), pretty('data: x')]).toEqual(['{\n  "a": 1\n}', 'data: x']));
});
