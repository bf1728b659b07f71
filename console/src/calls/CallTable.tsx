import { Badge, Group, Table, Text, Tooltip } from '@mantine/core';
import type { KeyboardEvent } from 'react';
import type { Schema } from '../api/http';
import { formatCount } from '../format/number';
import { formatMicros } from '../format/time';
import { Moment } from '../ui/Moment';
import { Money } from '../ui/Money';
import { TextLink } from '../ui/TextLink';

interface Props {
  calls: Schema<'Call'>[];
  /** Calls that have just come in, by id. */
  fresh?: ReadonlySet<string>;
  /** Leaves out what a glance does not need. */
  brief?: boolean;
}

/** Calls as a table; the arrow keys go up and down, Enter opens one. */
export function CallTable({ calls, fresh, brief = false }: Props) {
  const wide = brief ? 'xl' : 'sm';
  return (
    <Table highlightOnHover aria-label="Calls" onKeyDown={walk}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th w={1} visibleFrom="xs">Time</Table.Th>
          <Table.Th>Model</Table.Th>
          <Table.Th w={1}>Status</Table.Th>
          <Table.Th ta="right" visibleFrom={wide}>Tokens in</Table.Th>
          <Table.Th ta="right" visibleFrom={wide}>Tokens out</Table.Th>
          <Table.Th ta="right">Cost</Table.Th>
          <Table.Th ta="right" visibleFrom="xs">Latency</Table.Th>
          {!brief && <Table.Th ta="right" visibleFrom="md"><Tooltip label="Time to the first output token"><span>First token</span></Tooltip></Table.Th>}
          {!brief && <Table.Th visibleFrom="lg">Key</Table.Th>}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {calls.map((c) => (
          <Table.Tr key={c.id} className={fresh?.has(c.id) ? 'row-link row-fresh' : 'row-link'}>
            <Table.Td c="dimmed" visibleFrom="xs"><Moment at={c.time} /></Table.Td>
            <Table.Td style={{ overflowWrap: 'anywhere' }}>
              <ModelCell call={c} />
              <Text size="xs" c="dimmed" hiddenFrom="xs"><Moment at={c.time} /> {c.provider}</Text>
            </Table.Td>
            <Table.Td><CallStatus call={c} /></Table.Td>
            <Table.Td ta="right" visibleFrom={wide}>{formatCount(c.input_tokens)}</Table.Td>
            <Table.Td ta="right" visibleFrom={wide}>{formatCount(c.output_tokens)}</Table.Td>
            <Table.Td ta="right"><Money nano={c.cost_nano} pricing={c.pricing} pad={brief ? 0 : 6} /><Text size="xs" c="dimmed" hiddenFrom="xs">{formatMicros(c.latency_us)}</Text></Table.Td>
            <Table.Td ta="right" visibleFrom="xs" style={{ whiteSpace: 'nowrap' }}>{formatMicros(c.latency_us)}</Table.Td>
            {!brief && <Table.Td ta="right" visibleFrom="md" style={{ whiteSpace: 'nowrap' }}>{formatMicros(c.ttft_us)}</Table.Td>}
            {!brief && <Table.Td visibleFrom="lg" c="dimmed">{c.key_name || '–'}</Table.Td>}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function ModelCell({ call }: { call: Schema<'Call'> }) {
  return (
    <Group gap={6} wrap="nowrap">
      <TextLink to="/calls/$id" params={{ id: call.id }} data-row c="inherit" fw={500} underline="never">
        {call.model || call.asked || call.operation}
      </TextLink>
      {call.provider && <Text size="xs" c="dimmed" visibleFrom="xs" span>{call.provider}</Text>}
      {call.stream && <Badge size="sm" color="gray" tt="none" fw={500} visibleFrom="md">stream</Badge>}
      {call.attempts > 1 && <Tooltip label="More than one try at a provider"><Badge size="sm" color="yellow" tt="none" fw={500} visibleFrom="sm">{call.attempts} tries</Badge></Tooltip>}
    </Group>
  );
}

/** How a call ended: its HTTP status, and in words where that says too little. */
export function CallStatus({ call }: { call: Pick<Schema<'Call'>, 'status' | 'outcome' | 'error'> }) {
  const color = call.outcome === 'ok' ? 'green' : call.outcome === 'error' ? 'red' : 'yellow';
  const text = call.outcome === 'ok' || call.outcome === 'error' ? String(call.status || 'error') : call.outcome;
  const badge = <Badge color={color} tt="none">{text}</Badge>;
  return call.error ? <Tooltip label={call.error}>{badge}</Tooltip> : badge;
}

function walk(e: KeyboardEvent<HTMLTableElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
  if (step === undefined) return;
  const rows = [...e.currentTarget.querySelectorAll<HTMLAnchorElement>('a[data-row]')];
  const at = rows.findIndex((r) => r === document.activeElement);
  const next = rows[at + step];
  if (at < 0 || !next) return;
  e.preventDefault();
  next.focus();
}
