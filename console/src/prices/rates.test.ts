import { describe, expect, it } from 'vitest';
import { describeRate, mainRate } from './rates';

const rates = [
  { quantity: 'input', usd: '0.20', per: 'million', tier: 'batch' }, { quantity: 'input', usd: '0.40', per: 'million' }, { quantity: 'output', usd: '1', per: 'million', above_tokens: 200_000 },
] as const;

describe('mainRate', () => {
  it('is the one without a condition', () => expect([mainRate({ rates: [...rates] }, 'input'), mainRate({ rates: [...rates] }, 'output')]).toEqual(['0.40', '–']));
});

describe('describeRate', () => {
  it('says when it applies', () => expect(rates.map(describeRate)).toEqual(['$0.20 a million input, batch', '$0.40 a million input', '$1 a million output, above 200,000 tokens']));
  it('counts single things', () => expect(describeRate({ quantity: 'web_search', usd: '0.01', per: 'unit' })).toBe('$0.01 each web search'));
});
