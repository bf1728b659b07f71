/** What stands behind the ? of a URL: plain texts, so that people can read and write them. */
export type Search = Record<string, string | undefined>;

/** Reads it. */
export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

/** Writes it, without what is empty. */
export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (typeof value === 'string' && value !== '') params.set(name, value);
  }
  const text = params.toString();
  return text && `?${text}`;
}

/** Takes the named texts out of what a URL holds; everything else in it is dropped. */
export function only<Name extends string>(...names: Name[]): (search: Record<string, unknown>) => { [K in Name]?: string } {
  return (search) => {
    const kept: { [K in Name]?: string } = {};
    for (const name of names) {
      const value = search[name];
      if (typeof value === 'string' && value !== '') kept[name] = value;
    }
    return kept;
  };
}
