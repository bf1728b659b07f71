// A member such as "cost_nano": 12. A quote inside a JSON string is escaped, so
// that _nano": can only be the end of a member's name.
const nano = /_nano":\s*(-?\d+)(?=\s*[,}\]])/g;

// Tells an amount from a text of digits, such as a tag's value. Written escaped: it becomes one character.
const mark = '\\u0001';

/**
 * Reads JSON whose amounts of nano-dollars are exact: members that end in _nano
 * become bigint, because an int64 does not fit into a number.
 */
export function parseExact(text: string): unknown {
  return JSON.parse(text.replace(nano, `_nano":"${mark}$1"`), (name, value: unknown) =>
    name.endsWith('_nano') && typeof value === 'string' && value.startsWith('\u0001') ? BigInt(value.slice(1)) : value,
  );
}
