import { Alert, Badge, Breadcrumbs, DataList, Grid, Group, Paper, Progress, SimpleGrid, Skeleton, Stack, Table, Text, Title, Tooltip } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Schema } from '../api/http';
import { callQuery } from '../api/queries';
import { formatBytes, formatCount } from '../format/number';
import { formatFull, formatMicros } from '../format/time';
import { CopyIcon, CopyText } from '../ui/Copy';
import { Money } from '../ui/Money';
import { Page } from '../ui/Page';
import { ProblemAlert } from '../ui/Problem';
import { Stat } from '../ui/Stat';
import { useZone } from '../ui/zone';
import { CallStatus } from './CallTable';
import { ContentTabs } from './ContentTabs';
import { curlOf } from './curl';
import { explain } from './explain';
import { phases } from './phases';
import { TextLink } from '../ui/TextLink';

const route = getRouteApi('/calls/$id');
type Detail = Schema<'CallDetail'>;

/** One call: what it used, cost and took, how it was tried, and what was said. */
export function CallPage() {
  const { id } = route.useParams();
  const query = useQuery(callQuery(id));
  return (
    <Stack gap="xs">
      <Breadcrumbs separator="›" fz="sm"><TextLink to="/calls">Calls</TextLink><Text size="sm" c="dimmed" span>{id.slice(0, 12)}…</Text></Breadcrumbs>
      {query.isPending && <Page title="Call"><SimpleGrid cols={{ base: 2, md: 4 }}>{[1, 2, 3, 4].map((i) => <Skeleton key={i} h={110} />)}</SimpleGrid><Skeleton h={240} /></Page>}
      {query.isError && <Page title="Call"><ProblemAlert title="The call could not be loaded" error={query.error} onRetry={() => query.refetch()} /></Page>}
      {query.data && <Shown call={query.data} />}
    </Stack>
  );
}

function Shown({ call }: { call: Detail }) {
  const [zone] = useZone();
  const curl = curlOf(window.location.origin, call, call.content?.encoding === 'text' ? call.content.request : JSON.stringify({ model: call.asked }));
  const why = explain({ outcome: call.outcome, error: call.error, error_kind: call.error_kind ?? '' });
  return (
    <Page title={call.model || call.asked || call.operation}
      heading={<Group gap="sm" component="span"><span>{call.model || call.asked || call.operation}</span><CallStatus call={call} />{call.stream && <Badge color="gray" tt="none" fw={500}>stream</Badge>}</Group>}
      description={<Group gap={4}><span>{formatFull(call.time, zone)}</span><span>· {call.id}</span><CopyIcon value={call.id} label="Copy the id" /></Group>}
      actions={curl && <CopyText value={curl} label="Copy as curl" />}>
      {why && (
        <Alert color={call.outcome === 'error' ? 'red' : 'yellow'} icon={<IconInfoCircle />} title={call.error || call.outcome}>
          <Text size="sm">{why.meaning}</Text><Text size="sm">What to do: {why.next}</Text>
        </Alert>
      )}
      <SimpleGrid cols={{ base: 2, md: 4 }}>
        <Stat label="Cost" value={<Money nano={call.cost_nano} pricing={call.pricing} wrap />} note={<Ceiling call={call} />} />
        <Stat label="Tokens in" value={formatCount(call.input_tokens)} note={call.cached_tokens > 0 ? `${formatCount(call.cached_tokens)} from the cache` : 'none from the cache'} />
        <Stat label="Tokens out" value={formatCount(call.output_tokens)} note={call.reasoning_tokens > 0 ? `${formatCount(call.reasoning_tokens)} of reasoning` : 'no reasoning'} />
        <Stat label="Latency" value={formatMicros(call.latency_us)} note={call.ttft_us >= 0 ? `first token after ${formatMicros(call.ttft_us)}` : 'no token came'} />
      </SimpleGrid>
      <Timings call={call} />
      <Grid>
        <Grid.Col span={{ base: 12, lg: 8 }}>
          <Stack>
            <ContentTabs call={call} />
            {call.tries.length > 0 && <Tries call={call} />}
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 4 }}><Facts call={call} /></Grid.Col>
      </Grid>
    </Page>
  );
}

function Ceiling({ call }: { call: Detail }) {
  const how = { priced: 'by the usage reported', estimated: 'estimated', default: 'by the default price', unpriced: 'the model has no price', free: 'nothing was used' }[call.pricing] ?? call.pricing;
  return call.ceiling_nano === undefined ? how : <>{how}, held <Money nano={call.ceiling_nano} /></>;
}

function Timings({ call }: { call: Detail }) {
  const parts = phases(call.timings);
  const total = call.timings.total_us;
  return (
    <Paper p="md" component="section">
      <Title order={2} mb="sm">Where the time went</Title>
      <Progress.Root size={22} radius="sm" role="img" aria-label="Phases of the call">
        {parts.map((p) => (
          <Tooltip key={p.label} label={`${p.label}: ${formatMicros(p.micros)}`}>
            <Progress.Section value={total > 0 ? (100 * p.micros) / total : 0} color={p.color} withAria={false} />
          </Tooltip>
        ))}
      </Progress.Root>
      <Group gap="lg" mt="sm">
        {parts.map((p) => (
          <Group key={p.label} gap={6}>
            <span aria-hidden style={{ width: 10, height: 10, borderRadius: 3, background: `var(--mantine-color-${p.color.replace('.', '-')})` }} />
            <Text size="sm">{p.label}</Text><Text size="sm" fw={600}>{formatMicros(p.micros)}</Text>
          </Group>
        ))}
      </Group>
    </Paper>
  );
}

function Tries({ call }: { call: Detail }) {
  return (
    <Paper component="section" style={{ overflow: 'hidden' }}>
      <Title order={2} p="md" pb={4}>{call.tries.length === 1 ? 'One try' : `${call.tries.length} tries`}</Title>
      <Table.ScrollContainer minWidth={460} type="native" tabIndex={0} role="region" aria-label="Tries">
        <Table>
          <Table.Thead><Table.Tr><Table.Th>Provider</Table.Th><Table.Th>Answer</Table.Th><Table.Th ta="right">Began after</Table.Th><Table.Th ta="right">Took</Table.Th><Table.Th ta="right">Cost</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>
            {call.tries.map((t, i) => (
              <Table.Tr key={i}>
                <Table.Td><Text size="sm" fw={500}>{t.provider}/{t.model}</Text>{t.request_id && <Text size="xs" c="dimmed">{t.request_id}</Text>}</Table.Td>
                <Table.Td><Badge tt="none" color={t.error ? 'red' : 'green'}>{t.status || 'no answer'}{t.error && ` ${t.error}`}</Badge></Table.Td>
                <Table.Td ta="right">{formatMicros(t.start_us)}</Table.Td>
                <Table.Td ta="right">{formatMicros(t.duration_us)}</Table.Td>
                <Table.Td ta="right"><Money nano={t.cost_nano} /></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

function Facts({ call }: { call: Detail }) {
  const usage = Object.entries(call.usage);
  const rows: [string, ReactNode][] = [
    ['Asked for', call.asked], ['Served by', call.provider && `${call.provider}/${call.model}`], ['Provider says', call.reported_model],
    ['Surface', call.surface], ['Operation', call.operation], ['Finish', call.finish], ['Service tier', call.service_tier],
    ['Key', call.key && <TextLink to="/calls" search={{ key: call.key }}>{call.key_name}</TextLink>],
    ['Project', `${call.org} › ${call.team} › ${call.project}`],
    ['Subject', call.subject && <TextLink to="/calls" search={{ subject: call.subject }}>{call.subject}</TextLink>],
    ['Session', call.session && <TextLink to="/calls" search={{ session: call.session }}>{call.session}</TextLink>],
    ['Trace', call.trace_id && <TextLink to="/calls" search={{ trace: call.trace_id }}>{call.trace_id}</TextLink>],
    ['Request', formatBytes(call.request_bytes)], ['Response', formatBytes(call.response_bytes)], ['Upstream id', call.upstream_id],
    ['Price', call.price_id && <>{call.price_id}{call.catalogue && <Text size="xs" c="dimmed">catalogue {call.catalogue}</Text>}</>], ['Client', call.user_agent],
  ];
  return (
    <Stack>
      {(call.lost?.length ?? 0) > 0 && (
        <Alert color="yellow" title="Lost in translation">
          <Text size="sm">The provider speaks another format, which has no place for:</Text>
          <Group gap={6} mt={6}>{call.lost?.map((l) => <Badge key={l} color="yellow" tt="none">{l}</Badge>)}</Group>
        </Alert>
      )}
      <Paper p="md" component="section">
        <Title order={2} mb="sm">Facts</Title>
        <DataList size="sm" gap={6} labelWidth="104px">
          {rows.filter(([, v]) => Boolean(v)).map(([label, value]) => (
            <DataList.Item key={label}><DataList.ItemLabel>{label}</DataList.ItemLabel><DataList.ItemValue style={{ overflowWrap: 'anywhere', minWidth: 0 }}>{value}</DataList.ItemValue></DataList.Item>
          ))}
        </DataList>
        {Object.keys(call.tags ?? {}).length > 0 && (
          <Group gap={6} mt="md">{Object.entries(call.tags ?? {}).map(([k, v]) => <Badge key={k} color="gray" tt="none" miw={0} maw="100%">{k}={v}</Badge>)}</Group>
        )}
      </Paper>
      {usage.length > 0 && (
        <Paper p="md" component="section">
          <Title order={2} mb="sm">Usage</Title>
          <DataList size="sm" gap={6} labelWidth="104px">
            {usage.map(([q, n]) => <DataList.Item key={q}><DataList.ItemLabel>{q.replace(/_micros$/, '').replaceAll('_', ' ')}</DataList.ItemLabel><DataList.ItemValue>{q.endsWith('_micros') ? formatMicros(n) : formatCount(n)}</DataList.ItemValue></DataList.Item>)}
          </DataList>
          <Text size="xs" c="dimmed" mt="sm">{call.usage_reported ? 'As the provider reported it.' : 'The provider reported none; counted here.'}</Text>
        </Paper>
      )}
    </Stack>
  );
}
