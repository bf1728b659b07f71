import { Badge, Group, Paper, Stack, Tabs, Text } from '@mantine/core';
import { IconEyeOff } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';
import type { Schema } from '../api/http';
import { Empty } from '../ui/Empty';
import { Snippet } from '../ui/Snippet';
import { pretty, requestTurns, responseTurns, type Part, type Turn } from './conversation';

const route = getRouteApi('/calls/$id');

/** What was said: as a conversation, and as it went over the wire. */
export function ContentTabs({ call }: { call: Schema<'CallDetail'> }) {
  const { show } = route.useSearch();
  const navigate = route.useNavigate();
  const content = call.content;
  if (!content) {
    return <Paper><Empty title="The content is not here" icon={<IconEyeOff stroke={1.5} />}>It was not kept, has passed its retention, or there was none. The setting is content.keep.</Empty></Paper>;
  }
  if (content.encoding === 'base64') {
    return <Paper><Empty title="The content is not text" icon={<IconEyeOff stroke={1.5} />}>{`${content.request_type || 'Unknown'} was sent, ${content.response_type || 'unknown'} came back. Fetch it with: steward calls show ${call.id} --content`}</Empty></Paper>;
  }
  const turns = [...requestTurns(content.request), ...responseTurns(content.response)];
  const tabs = turns.length > 0 ? ['conversation', 'request', 'response'] : ['request', 'response'];
  const tab = tabs.find((t) => t === show) ?? tabs[0] ?? 'request';
  return (
    <Paper component="section">
      <Tabs value={tab} onChange={(v) => void navigate({ search: { show: v === tabs[0] || v === null ? undefined : v }, replace: true, resetScroll: false })} keepMounted={false}>
        <Tabs.List px="xs" className="tabs-scroll">
          {tabs.map((t) => <Tabs.Tab key={t} value={t} tt="capitalize">{t}</Tabs.Tab>)}
        </Tabs.List>
        <Tabs.Panel value="conversation" p="md"><Stack gap="md">{turns.map((t, i) => <TurnView key={i} turn={t} />)}</Stack></Tabs.Panel>
        <Tabs.Panel value="request" p="sm"><Body text={content.request} type={content.request_type} label="Request body" /></Tabs.Panel>
        <Tabs.Panel value="response" p="sm"><Body text={content.response} type={content.response_type} label="Response body" /></Tabs.Panel>
      </Tabs>
    </Paper>
  );
}

function Body({ text, type, label }: { text: string; type: string; label: string }) {
  return (
    <>
      <Text size="xs" c="dimmed" mb={6}>{type || 'no content type'}</Text>
      {text === '' ? <Text size="sm" c="dimmed">Empty</Text> : <Snippet text={pretty(text)} label={label} height={560} />}
    </>
  );
}

const colors: Record<string, string> = { user: 'blue', assistant: 'sea', model: 'sea', system: 'gray', developer: 'gray', tool: 'grape' };

function TurnView({ turn }: { turn: Turn }) {
  return (
    <div>
      <Badge color={colors[turn.role] ?? 'gray'} tt="capitalize" mb={6}>{turn.role}</Badge>
      <Stack gap={8}>{turn.parts.map((p, i) => <PartView key={i} part={p} />)}</Stack>
    </div>
  );
}

function PartView({ part }: { part: Part }) {
  switch (part.kind) {
    case 'text':
      return <Text size="sm" className="prose">{part.text}</Text>;
    case 'thinking':
      return <Text size="sm" className="prose" c="dimmed" fs="italic" pl="sm" style={{ borderLeft: '3px solid var(--mantine-color-default-border)' }}>{part.text}</Text>;
    case 'tool':
      return <div><Group gap={6} mb={4}><Badge color="grape" variant="outline" tt="none">calls {part.name || 'a tool'}</Badge></Group><Snippet text={part.text || '{}'} label={`Arguments of ${part.name}`} height={240} /></div>;
    case 'result':
      return <div><Badge color="grape" variant="outline" tt="none" mb={4}>result</Badge><Snippet text={pretty(part.text)} label="Result of a tool" height={240} /></div>;
    case 'other':
      return <Badge color="gray" variant="outline" tt="none">{part.text}</Badge>;
  }
}
