/** A piece of what somebody said. */
export type Part =
  | { kind: 'text' | 'thinking' | 'result'; text: string }
  | { kind: 'tool'; name: string; text: string }
  | { kind: 'other'; text: string };

/** What one side said in one go. */
export interface Turn {
  role: string;
  parts: Part[];
}

type Fields = Record<string, unknown>;

function fields(v: unknown): Fields {
  return typeof v === 'object' && v !== null && !Array.isArray(v) ? (v as Fields) : {};
}

function list(v: unknown): unknown[] {
  return Array.isArray(v) ? v : [];
}

function text(v: unknown): string {
  return typeof v === 'string' ? v : '';
}

function json(v: unknown): string {
  return typeof v === 'string' ? pretty(v) : JSON.stringify(v, null, 2);
}

/** Indents JSON; what is none stays as it is. */
export function pretty(body: string): string {
  const value = parse(body);
  return value === undefined ? body : JSON.stringify(value, null, 2);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

/** Reads what the caller said, in any of the wire formats; empty where it is no conversation. */
export function requestTurns(body: string): Turn[] {
  const r = fields(parse(body));
  const system = [r.system, r.instructions, r.systemInstruction, r.system_instruction].find((s) => s !== undefined);
  const turns: Turn[] = system === undefined ? [] : [{ role: 'system', parts: partsOf(fields(system).parts ?? system) }];
  if (typeof r.input === 'string') turns.push({ role: 'user', parts: [{ kind: 'text', text: r.input }] });
  for (const item of [...list(r.messages), ...list(r.contents), ...list(r.input)]) turns.push(turnOf(item));
  if (turns.length === 0 && typeof r.prompt === 'string') turns.push({ role: 'user', parts: [{ kind: 'text', text: r.prompt }] });
  return turns.filter((t) => t.parts.length > 0);
}

/** Reads what the model said, streamed or not; empty where it is no conversation. */
export function responseTurns(body: string): Turn[] {
  const value = parse(body);
  const events = value === undefined ? streamed(body) : Array.isArray(value) ? value : undefined;
  const parts = events ? assemble(events) : whole(fields(value));
  return parts.length > 0 ? [{ role: 'assistant', parts }] : [];
}

function turnOf(item: unknown): Turn {
  if (typeof item === 'string') return { role: 'user', parts: [{ kind: 'text', text: item }] };
  const m = fields(item);
  const role = text(m.role) || (text(m.type).endsWith('_output') ? 'tool' : text(m.type) ? 'assistant' : 'user');
  const parts = partsOf(m.content ?? m.parts ?? (m.role === undefined ? [m] : []));
  if (role === 'tool') return { role, parts: parts.map((p) => (p.kind === 'text' ? { ...p, kind: 'result' } : p)) };
  for (const t of list(m.tool_calls)) parts.push(toolOf(fields(fields(t).function)));
  const thought = text(m.reasoning_content) || text(m.reasoning);
  return { role, parts: thought ? [{ kind: 'thinking', text: thought }, ...parts] : parts };
}

function toolOf(f: Fields): Part {
  return { kind: 'tool', name: text(f.name), text: json(f.arguments ?? f.input ?? f.args ?? {}) };
}

function partsOf(content: unknown): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ kind: 'text', text: content }];
  return (Array.isArray(content) ? (content as unknown[]) : [content]).flatMap((c) => (typeof c === 'string' ? [{ kind: 'text' as const, text: c }] : partOf(fields(c))));
}

function partOf(c: Fields): Part[] {
  const call = fields(c.functionCall ?? c.function_call ?? c.toolUse);
  const result = c.functionResponse ?? c.function_response ?? c.toolResult;
  if (call.name !== undefined) return [toolOf(call)];
  if (result !== undefined) return [{ kind: 'result', text: json(fields(result).response ?? fields(result).content) }];
  switch (c.type) {
    case 'tool_use':
    case 'function_call':
      return [toolOf(c)];
    case 'tool_result':
      return [{ kind: 'result', text: partsOf(c.content).map((p) => p.text).join('\n') }];
    case 'function_call_output':
      return [{ kind: 'result', text: json(c.output) }];
    case 'thinking':
      return [{ kind: 'thinking', text: text(c.thinking) }];
    case 'reasoning': {
      const summary = list(c.summary).map((s) => text(fields(s).text)).join('\n');
      return summary ? [{ kind: 'thinking', text: summary }] : [];
    }
    case 'message':
      return partsOf(c.content);
    case 'refusal':
      return [{ kind: 'text', text: text(c.refusal) }];
  }
  if (typeof c.text === 'string') return c.text === '' ? [] : [{ kind: c.thought === true ? 'thinking' : 'text', text: c.text }];
  const kind = text(c.type) || Object.keys(c)[0];
  return kind ? [{ kind: 'other', text: kind }] : [];
}

function whole(r: Fields): Part[] {
  const first = fields(list(r.choices)[0]);
  if (first.message !== undefined) return turnOf({ role: 'assistant', ...fields(first.message) }).parts;
  if (typeof first.text === 'string') return [{ kind: 'text', text: first.text }];
  const candidate = fields(fields(list(r.candidates)[0]).content);
  if (candidate.parts !== undefined) return partsOf(candidate.parts);
  if (r.output !== undefined) {
    const message = fields(fields(r.output).message); // Bedrock's
    return partsOf(message.content ?? r.output);
  }
  return r.content === undefined ? [] : partsOf(r.content);
}

/** Reads the data of server-sent events. */
function streamed(body: string): unknown[] {
  return body.split(/\r?\n/).flatMap((line) => {
    const value = line.startsWith('data:') ? parse(line.slice(5).trim()) : undefined;
    return value === undefined ? [] : [value];
  });
}

/** Joins the pieces of a streamed answer. */
function assemble(events: unknown[]): Part[] {
  const parts: Part[] = [];
  const tools = new Map<string, Part & { kind: 'tool' }>();
  const say = (kind: 'text' | 'thinking', piece: string) => {
    const last = parts.at(-1);
    if (piece === '') return;
    if (last?.kind === kind) last.text += piece;
    else parts.push({ kind, text: piece });
  };
  const tool = (id: string, name: string, piece: string) => {
    let t = tools.get(id);
    if (!t) {
      t = { kind: 'tool', name, text: '' };
      tools.set(id, t);
      parts.push(t);
    }
    t.name ||= name;
    t.text += piece;
  };
  for (const event of events) readEvent(fields(event), say, tool, parts);
  for (const t of tools.values()) t.text = pretty(t.text);
  return parts;
}

type Say = (kind: 'text' | 'thinking', piece: string) => void;
type Tool = (id: string, name: string, piece: string) => void;

function readEvent(e: Fields, say: Say, tool: Tool, parts: Part[]): void {
  const choice = fields(list(e.choices)[0]); // OpenAI chat and completions
  const delta = fields(choice.delta ?? (typeof e.delta === 'object' ? e.delta : undefined));
  say('thinking', text(delta.reasoning_content) || text(delta.reasoning) || text(delta.thinking));
  say('text', text(delta.content) || text(delta.text) || text(delta.refusal) || text(choice.text));
  for (const t of list(delta.tool_calls)) {
    const f = fields(fields(t).function);
    tool(`call ${String(fields(t).index)}`, text(f.name), text(f.arguments));
  }
  for (const p of list(fields(fields(list(e.candidates)[0]).content).parts)) { // Gemini
    for (const part of partOf(fields(p))) {
      if (part.kind === 'text' || part.kind === 'thinking') say(part.kind, part.text);
      else parts.push(part);
    }
  }
  switch (e.type) { // Anthropic messages, OpenAI responses
    case 'content_block_start':
      if (fields(e.content_block).type === 'tool_use') tool(`block ${String(e.index)}`, text(fields(e.content_block).name), '');
      break;
    case 'content_block_delta':
      if (delta.type === 'input_json_delta') tool(`block ${String(e.index)}`, '', text(delta.partial_json));
      break;
    case 'response.output_text.delta':
    case 'response.refusal.delta':
      say('text', text(e.delta));
      break;
    case 'response.reasoning_summary_text.delta':
    case 'response.reasoning_text.delta':
      say('thinking', text(e.delta));
      break;
    case 'response.output_item.added':
      if (fields(e.item).type === 'function_call') tool(`item ${String(e.output_index)}`, text(fields(e.item).name), '');
      break;
    case 'response.function_call_arguments.delta':
      tool(`item ${String(e.output_index)}`, '', text(e.delta));
      break;
  }
}
