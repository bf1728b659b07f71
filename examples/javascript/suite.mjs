// What every example must do, whichever SDK it uses and whichever provider answers.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Person, Place } from './shapes.mjs';

const { STEWARD_URL: url, STEWARD_KEY: key, STEWARD_TOKEN: token, STEWARD_TARGETS: targets } = process.env;
const fast = { 'x-sim-latency': '1ms', 'x-sim-rate': '5000' };
const words = 'Grüße, "Welt" \\ 世界 🙂\n\tend';
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64');

// suite runs an example against every target. finish is the word for an answer
// that ended by itself; codes are those of its errors.
export function suite(name, example, { finish, codes }) {
  for (const target of targets.split(',')) {
    describe(`${name}, ${target}`, () => {
      const client = example.connect({ url, key, headers: fast });
      const small = `${target}/small`;
      const check = (feature, run) => test(feature, run);

      check('chat', async () => {
        const answer = await example.chat(client, small, 'Say hello.');
        assert.ok(answer.text);
        assert.equal(answer.finish, finish);
        assert.ok(answer.input > 0 && answer.output > 0, `usage ${answer.input}, ${answer.output}`);
      });
      check('echo', async () => {
        assert.equal((await example.chat(client, `${target}/echo`, words)).text, words);
      });
      check('stream', async () => {
        const pieces = [];
        const answer = await example.stream(client, small, 'Tell a short story.', (piece) => pieces.push(piece));
        assert.ok(pieces.length > 1, `${pieces.length} pieces`);
        assert.equal(pieces.join(''), answer.text);
        assert.equal(answer.finish, finish);
        assert.ok(answer.input > 0 && answer.output > 0, `usage ${answer.input}, ${answer.output}`);
      });
      check('tools', async () => {
        const asked = [];
        const text = await example.tools(client, small, (place) => {
          asked.push(Place.parse(place));
          return '18 degrees and a light breeze';
        });
        assert.equal(asked.length, 1);
        assert.match(text, /get_weather.*18 degrees and a light breeze/s);
      });
      check('structured', async () => {
        Person.strict().parse(await example.structured(client, small));
      });
      check('image', async () => {
        assert.match(await example.image(client, small, png), new RegExp(`1 image \\(image/png, ${png.length} bytes\\)`));
      });
      if (example.reasoning) {
        check('reasoning', async () => {
          const { thought, text } = await example.reasoning(client, `${target}/reasoning`);
          assert.ok(thought && text, `thought ${thought}, text ${text}`);
          assert.ok(!text.includes(thought), 'the thought is apart from the answer');
        });
      }
      check('cancel', () => cancel(example, name, target));
      check('broken stream', async () => {
        const broken = example.connect({ url, key, headers: { 'x-sim-fault': 'cut,after=5' }, retries: 0 });
        await assert.rejects(example.stream(broken, small, 'Tell a short story.', () => {}), 'half an answer came as a whole one');
      });
      failures(check, example, target, codes);
    });
  }
}

// cancel leaves a slow stream at its first piece: it must end at once, and the call
// must be recorded as cancelled. A session of its own tells it from other calls.
async function cancel(example, name, target) {
  const session = `${name}, ${target}, cancelled`;
  const client = example.connect({ url, key, headers: { 'x-steward-session': session } });
  const controller = new AbortController();
  let left = 0;
  const show = () => {
    left ||= performance.now();
    controller.abort();
  };
  const model = target === 'sim' ? 'sim/large' : `${target}-slow/small`;
  await assert.rejects(example.stream(client, model, 'Tell a long story.', show, controller.signal), (error) => example.explain(error).aborted === true);
  const took = performance.now() - left;
  assert.ok(left > 0 && took < 1000, `it took ${took} ms to end`);
  const query = new URLSearchParams({ session, outcome: 'cancelled' });
  for (const end = Date.now() + 10_000; ; await new Promise((resolve) => setTimeout(resolve, 10))) {
    const answer = await fetch(`${url}/api/calls?${query}`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(answer.status, 200);
    if ((await answer.json()).calls.length > 0) return;
    assert.ok(Date.now() < end, 'no record with outcome cancelled');
  }
}

function failures(check, example, target, codes) {
  const model = `${target}/small`;
  const cases = {
    'unknown model': { key, model: `${target}-nonesuch/small`, status: 404, code: codes.unknown },
    'wrong key': { key: 'sk-wrong', model, status: 401, code: codes.key },
    'provider too busy': { key, model, fault: 'rate_limit', status: 429, code: codes.busy },
    'prompt too long': { key, model, fault: 'context_length', status: 400, code: codes.long },
  };
  for (const [name, want] of Object.entries(cases)) {
    check(name, async () => {
      const client = example.connect({ url, key: want.key, headers: want.fault && { 'x-sim-fault': want.fault }, retries: 0 });
      for (const call of [example.chat, example.stream]) {
        await assert.rejects(call(client, want.model, 'Hello', () => {}), (error) => {
          const got = example.explain(error);
          assert.equal(got.status, want.status);
          if (want.code) assert.equal(got.code, want.code);
          if ('request' in got) assert.ok(got.request, 'the error has no request id');
          return true;
        });
      }
    });
  }
}
