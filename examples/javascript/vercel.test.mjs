import { suite } from './suite.mjs';
import { example, providers } from './vercel.mjs';

const openai = { unknown: 'model_not_found', key: 'invalid_api_key' };
const codes = {
  'openai responses': openai,
  'openai chat': openai,
  anthropic: { unknown: 'not_found_error', key: 'authentication_error', busy: 'rate_limit_error', long: 'invalid_request_error' },
  google: { unknown: 'NOT_FOUND', key: 'UNAUTHENTICATED', busy: 'RESOURCE_EXHAUSTED', long: 'INVALID_ARGUMENT' },
};

// A Gemini caller whose answer is not streamed does not see thoughts that Anthropic signed.

for (const [name, provider] of Object.entries(providers)) {
  suite(`vercel ${name}`, example(provider), { finish: 'stop', codes: codes[name] });
}
