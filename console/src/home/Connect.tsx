import { Alert, Badge, Button, Group, Paper, PasswordInput, Select, Stack, Tabs, Text, Title } from '@mantine/core';
import { IconCheck, IconKey, IconSend } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { ask, Problem, problemOf, type Schema } from '../api/http';
import { keysQuery, modelsQuery } from '../api/queries';
import { Money } from '../ui/Money';
import { Moment } from '../ui/Moment';
import { ProblemAlert } from '../ui/Problem';
import { Snippet } from '../ui/Snippet';
import { placeholder, sdkOf, sdks, snippet } from './snippets';
import { TextLink } from '../ui/TextLink';

const route = getRouteApi('/');

interface Props {
  /** The newest calls; undefined while they are on their way. */
  calls: Schema<'Call'>[] | undefined;
  live: boolean;
}

/** How to point an application here: a snippet for each SDK, with a key in it. */
export function Connect({ calls, live }: Props) {
  const sdk = sdkOf(route.useSearch().sdk);
  const navigate = route.useNavigate();
  const queries = useQueryClient();
  const models = useQuery(modelsQuery);
  const chat = (models.data ?? []).filter((m) => m.operation === 'chat' || m.operation === '').map((m) => m.id);
  const [chosen, setChosen] = useState<string | null>(null);
  const model = chosen ?? (chat.includes('sim/small') ? 'sim/small' : chat[0]) ?? 'sim/small';
  const makeKey = useMutation({
    mutationFn: () => ask('post', '/api/keys', { body: { name: 'quickstart' } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keysQuery.queryKey }),
  });
  const key = makeKey.data?.key;
  const send = useMutation({ mutationFn: () => sendFirst(key ?? '', model) });
  const base = window.location.origin;
  return (
    <Paper p="md" component="section">
      <Stack gap="sm">
        <Group justify="space-between" gap="sm">
          <div>
            <Title order={2}>Connect an application</Title>
            <Text size="sm" c="dimmed">Change the base URL and the key; the rest of the code stays as it is.</Text>
          </div>
          <Group gap="xs">
            <Select aria-label="Model of the snippet" size="sm" w={210} searchable data={chat} limit={100} value={model} onChange={setChosen} allowDeselect={false} />
            {key === undefined
              ? <Button leftSection={<IconKey size={16} />} loading={makeKey.isPending} onClick={() => makeKey.mutate()}>Make a key</Button>
              : <Button leftSection={<IconSend size={16} />} loading={send.isPending} onClick={() => send.mutate()}>Send this call</Button>}
          </Group>
        </Group>
        {makeKey.isError && <ProblemAlert title="The key could not be made" error={makeKey.error} />}
        {send.isError && <ProblemAlert title="The call failed" error={send.error} />}
        {key !== undefined && (
          <Alert color="sea" icon={<IconCheck />} title={`The key ${makeKey.data?.name ?? ''} is in the snippet`}>
            It is shown this once. Keep it in a safe place, or revoke it on the <TextLink to="/keys">keys page</TextLink>.
            <PasswordInput mt="xs" readOnly value={key} aria-label="The new key" />
          </Alert>
        )}
        <Tabs value={sdk} onChange={(v) => void navigate({ search: { sdk: v === 'curl' || v === null ? undefined : v }, replace: true, resetScroll: false })} keepMounted={false}>
          <Tabs.List mb="sm" className="tabs-scroll">{Object.entries(sdks).map(([id, label]) => <Tabs.Tab key={id} value={id}>{label}</Tabs.Tab>)}</Tabs.List>
          <Tabs.Panel value={sdk}><Snippet text={snippet(sdk, base, key ?? placeholder, model)} label={`Snippet for ${sdks[sdk]}`} /></Tabs.Panel>
        </Tabs>
        <LiveLine call={calls?.[0]} known={calls !== undefined} live={live} />
      </Stack>
    </Paper>
  );
}

function LiveLine({ call, known, live }: { call: Schema<'Call'> | undefined; known: boolean; live: boolean }) {
  if (!known) return null;
  return (
    <Group gap="xs" role="status" aria-live="polite" mih={26}>
      <Badge variant="dot" tt="none" size="lg" color={call ? 'green' : 'yellow'}>{call ? 'Connected' : live ? 'Waiting for the first call' : 'Connecting'}</Badge>
      {call && (
        <Text size="sm">
          <TextLink to="/calls/$id" params={{ id: call.id }}>{call.model || call.asked}</TextLink> at <Moment at={call.time} />,{' '}
          <Money nano={call.cost_nano} pricing={call.pricing} />
        </Text>
      )}
    </Group>
  );
}

/** Makes the snippet's call from this page. */
async function sendFirst(key: string, model: string): Promise<void> {
  const response = await fetch('/v1/chat/completions', {
    method: 'POST',
    credentials: 'omit',
    headers: { 'Authorization': `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  if (response.ok) return;
  const error = (JSON.parse(await response.text()) as { error?: { message?: string; code?: string } }).error;
  throw error?.message ? new Problem(response.status, error.code ?? 'failed', error.message) : problemOf(response.status, '');
}
