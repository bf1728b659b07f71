import { Alert, Anchor, Badge, Button, Code, Group, Paper, SimpleGrid, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconPlugConnected } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { ask, type Schema } from '../api/http';
import { providersQuery } from '../api/queries';
import { plural } from '../format/number';
import { formatMicros } from '../format/time';
import { Empty } from '../ui/Empty';
import { Page } from '../ui/Page';
import { ProblemAlert } from '../ui/Problem';
import { TextLink } from '../ui/TextLink';

const states = {
  ok: { color: 'green', label: 'ok' }, degraded: { color: 'yellow', label: 'degraded' }, down: { color: 'red', label: 'down' }, unknown: undefined, // a test tells
} as const;

/** Who answers, and whether they do. */
export function ProvidersPage() {
  const providers = useQuery(providersQuery);
  return (
    <Page title="Providers" description="The vendors and machines that answer. They are set in steward.yaml.">
      {providers.isError && <ProblemAlert title="The providers could not be loaded" error={providers.error} onRetry={() => providers.refetch()} />}
      {providers.isPending && <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>{[1, 2, 3].map((i) => <Skeleton key={i} h={190} />)}</SimpleGrid>}
      {providers.data?.length === 0 && (
        <Paper><Empty title="No provider" icon={<IconPlugConnected stroke={1.5} />}>Write steward.yaml with <Code>steward init</Code>, or put a vendor&apos;s key into the environment, and start again.</Empty></Paper>
      )}
      <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>{providers.data?.map((p) => <ProviderCard key={p.name} provider={p} />)}</SimpleGrid>
    </Page>
  );
}

function ProviderCard({ provider: p }: { provider: Schema<'Provider'> }) {
  const test = useMutation({ mutationFn: () => ask('post', '/api/providers/{name}/test', { path: { name: p.name } }) });
  const state = states[p.state];
  return (
    <Paper p="md" component="article" aria-label={p.name}>
      <Stack gap="sm" h="100%">
        <Group justify="space-between" wrap="nowrap">
          <Group gap="xs"><Title order={2}>{p.name}</Title><Text size="sm" c="dimmed">{p.docs ? <Anchor href={p.docs} target="_blank" rel="noreferrer" size="sm">{p.vendor}</Anchor> : p.vendor}</Text></Group>
          {state && <Badge color={state.color} tt="none">{state.label}</Badge>}
        </Group>
        {p.reason && <Text size="sm">{p.reason}</Text>}
        <div>
          <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>{p.kind === 'sim' ? 'built in, no account needed' : p.base_url}</Text>
          <Group gap="xs" mt={4}>
            <TextLink to="/models" search={{ provider: p.name }}>{plural(p.models, 'model')}</TextLink>
            {p.key && <Text size="sm" c="dimmed">key <Code>{p.key}</Code></Text>}
            {!p.has_key && <Badge color="red" tt="none">key missing</Badge>}
          </Group>
        </div>
        {test.isError && <ProblemAlert title="The test could not be made" error={test.error} />}
        {test.data && <TestResult result={test.data} />}
        <Group mt="auto"><Button variant="default" size="xs" loading={test.isPending} onClick={() => test.mutate()} aria-label={`Test ${p.name}`}>Test</Button><Text size="xs" c="dimmed">asks for nothing that costs money</Text></Group>
      </Stack>
    </Paper>
  );
}

function TestResult({ result: t }: { result: Schema<'ProviderTest'> }) {
  if (t.ok) {
    return <Alert color="green" py="xs" title={`It answers, in ${formatMicros(t.latency_us)}`} role="status">{t.models >= 0 ? `It lists ${plural(t.models, 'model')}.` : 'It does not list its models.'}</Alert>;
  }
  return (
    <Alert color="red" py="xs" title={t.status > 0 ? `It answered ${t.status}` : 'It does not answer'} role="status">
      <Text size="sm">{t.message} {t.error && <Code>{t.error}</Code>}</Text>{t.hint && <Text size="sm">Try: {t.hint}</Text>}
    </Alert>
  );
}
