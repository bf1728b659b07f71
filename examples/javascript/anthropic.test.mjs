import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as anthropic from './anthropic.mjs';
import { suite } from './suite.mjs';

// Providers of another format keep no threads: the SDK learns so from the error, and
// sends the whole conversation.
for (const target of ['openai', 'responses', 'gemini']) {
  test(`anthropic, ${target}, tools in a thread`, async () => {
    const client = anthropic.connect({ url: process.env.STEWARD_URL, key: process.env.STEWARD_KEY });
    const text = await anthropic.tools(client, `${target}/small`, () => '18 degrees', true);
    assert.match(text, /get_weather.*18 degrees/s);
  });
}

suite('anthropic', anthropic, {
  finish: 'end_turn',
  codes: { unknown: 'not_found_error', key: 'authentication_error', busy: 'rate_limit_error', long: 'invalid_request_error' },
});
