import * as chat from './openai.mjs';
import * as responses from './responses.mjs';
import { suite } from './suite.mjs';

const codes = { unknown: 'model_not_found', key: 'invalid_api_key' };

suite('openai chat', chat, { finish: 'stop', codes });
suite('openai responses', responses, { finish: 'completed', codes });
