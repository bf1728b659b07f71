import * as gemini from './gemini.mjs';
import { suite } from './suite.mjs';

suite('gemini', gemini, {
  finish: 'STOP',
  codes: { unknown: 'NOT_FOUND', key: 'UNAUTHENTICATED', busy: 'RESOURCE_EXHAUSTED', long: 'INVALID_ARGUMENT' },
});
