import { Alert, Grid, Group, Paper, SimpleGrid, Skeleton, Stack, Table, Text, ThemeIcon, Title, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconCircleX } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useMemo } from 'react';
import { ask } from '../api/http';
import { statusQuery } from '../api/queries';
import { CallTable } from '../calls/CallTable';
import { merge } from '../calls/filters';
import { useTail } from '../calls/useTail';
import { byDay, pricingOf, reportQuery, shareOf } from '../cost/report';
import { Share } from '../cost/Share';
import { formatCount, formatShare, plural } from '../format/number';
import { daysUntil, formatMicros, since } from '../format/time';
import { Empty } from '../ui/Empty';
import { Money } from '../ui/Money';
import { Page, TableSkeleton } from '../ui/Page';
import { ProblemAlert } from '../ui/Problem';
import { Stat } from '../ui/Stat';
import { Connect } from './Connect';
import { checks, worst, type Check } from './health';
import { TextLink } from '../ui/TextLink';

const DayChart = lazy(() => import('../cost/DayChart'));
const everything = () => true;
const errorPage = 200;
const latest = 6;

/** Is everything well? And what did the last day bring? */
export function HomePage() {
  const queries = useQueryClient();
  const tail = useTail({ enabled: true, paused: false, accept: everything, keep: 50 });
  const recent = useQuery({ queryKey: ['calls', 'recent'], queryFn: ({ signal }) => ask('get', '/api/calls', { query: { limit: latest }, signal }) });
  const calls = useMemo(() => (recent.data ? merge(tail.calls, recent.data.calls) : undefined), [tail.calls, recent.data]);
  const newest = tail.calls[0]?.id;
  useEffect(() => { // figures follow the calls, but not more than once in two seconds
    if (newest === undefined) return;
    const timer = setTimeout(() => {
      void queries.invalidateQueries({ queryKey: ['report'] });
      void queries.invalidateQueries({ queryKey: ['failed'] });
    }, 2000);
    return () => clearTimeout(timer);
  }, [newest, queries]);
  const first = calls?.length === 0;
  const connect = <Connect calls={calls} live={tail.state === 'open'} />;
  return (
    <Page title="Home" description="Is everything well?">
      <Health />
      {first && connect}
      <Figures />
      <Grid>
        <Grid.Col span={{ base: 12, lg: 6 }}><TopModels /></Grid.Col>
        <Grid.Col span={{ base: 12, lg: 6 }}><Days /></Grid.Col>
      </Grid>
      <Paper component="section" style={{ overflow: 'hidden' }}>
        <Group justify="space-between" p="md" pb={4}><Title order={2}>Latest calls</Title><TextLink to="/calls">All calls</TextLink></Group>
        {recent.isError && <ProblemAlert title="The calls could not be loaded" error={recent.error} onRetry={() => recent.refetch()} />}
        {recent.isPending && <TableSkeleton rows={latest} />}
        {calls?.length === 0 && <Empty title="No calls yet">The first one appears here as it ends. Use the snippet above.</Empty>}
        {calls !== undefined && calls.length > 0 && <CallTable brief calls={calls.slice(0, latest)} fresh={new Set(tail.calls.map((c) => c.id))} />}
      </Paper>
      {!first && connect}
    </Page>
  );
}

const looks = {
  good: { color: 'green', icon: IconCircleCheck },
  warn: { color: 'yellow', icon: IconAlertTriangle },
  bad: { color: 'red', icon: IconCircleX },
};

function Health() {
  const status = useQuery(statusQuery);
  if (status.isError) return <ProblemAlert title="Steward's state is unknown" error={status.error} onRetry={() => status.refetch()} />;
  if (!status.data) return <Skeleton h={92} />;
  const list = checks(status.data);
  const level = worst(list);
  const look = looks[level];
  return (
    <Paper p="md" component="section" aria-label="Health" style={{ borderLeft: `4px solid var(--mantine-color-${look.color}-7)` }}>
      <Group justify="space-between" mb="sm" gap="xs">
        <Group gap="xs">
          <ThemeIcon variant="transparent" color={look.color} size="sm"><look.icon /></ThemeIcon>
          <Title order={2}>{level === 'good' ? 'All is well' : level === 'warn' ? 'Something wants attention' : 'Something is wrong'}</Title>
        </Group>
        <Text size="sm" c="dimmed">up for {formatMicros(status.data.uptime_us)}</Text>
      </Group>
      <SimpleGrid cols={{ base: 2, xs: 3, md: 5 }} spacing="sm">{list.map((c) => <CheckView key={c.name} check={c} />)}</SimpleGrid>
      {list.filter((c) => c.reason).map((c) => (
        <Alert key={c.name} mt="sm" py="xs" color={looks[c.level].color} title={`${c.name}: ${c.text}`}>{c.reason}</Alert>
      ))}
    </Paper>
  );
}

function CheckView({ check }: { check: Check }) {
  const look = looks[check.level];
  return (
    <Group gap={8} wrap="nowrap" align="flex-start">
      <Tooltip label={check.level === 'good' ? 'well' : check.reason ?? check.level}>
        <ThemeIcon variant="light" color={look.color} size={28} radius="xl" aria-label={check.level === 'good' ? 'well' : 'not well'} role="img"><look.icon size={17} /></ThemeIcon>
      </Tooltip>
      <div style={{ minWidth: 0 }}><Text size="xs" c="dimmed" lh={1.2}>{check.name}</Text><Text size="sm" fw={500} lh={1.35}>{check.text}</Text></div>
    </Group>
  );
}

function Figures() {
  const report = useQuery(reportQuery([], '24h'));
  const models = useQuery(reportQuery(['provider', 'model'], '24h'));
  const failed = useQuery({
    queryKey: ['failed', '24h'],
    queryFn: ({ signal }) => ask('get', '/api/calls', { query: { errors: true, limit: errorPage, from: since('24h', new Date()) ?? '' }, signal }),
    refetchInterval: 15_000,
  });
  if (report.isError) return <ProblemAlert title="The figures could not be loaded" error={report.error} onRetry={() => report.refetch()} />;
  const r = report.data;
  const bad = failed.data?.calls.length;
  const more = failed.data !== undefined && failed.data.next !== '';
  const input = models.data?.rows.reduce((n, x) => n + x.input_tokens, 0);
  const output = models.data?.rows.reduce((n, x) => n + x.output_tokens, 0);
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }} component="section" aria-label="The last 24 hours">
      <Stat label="Calls, 24 h" value={r && formatCount(r.calls)} note={<TextLink to="/calls" search={{ range: '24h' }} size="xs">See them</TextLink>} />
      <Stat label="Not OK, 24 h" value={bad !== undefined ? `${formatCount(bad)}${more ? '+' : ''}` : undefined}
        note={r && bad !== undefined && (bad === 0 ? 'none failed' : <TextLink to="/calls" search={{ range: '24h', outcome: 'failed' }} size="xs">{more ? 'over ' : ''}{formatShare(bad, Math.max(bad, r.calls))} of calls</TextLink>)} />
      <Stat label="Cost, 24 h" value={r && <Money nano={r.total_nano} wrap />} note={r && (r.unpriced > 0 ? `and ${plural(r.unpriced, 'call')} of unknown cost` : 'no call of unknown cost')} />
      <Stat label="Tokens, 24 h" value={input !== undefined && output !== undefined ? formatCount(input + output) : undefined}
        note={input !== undefined && output !== undefined && `${formatCount(input)} in, ${formatCount(output)} out`} />
    </SimpleGrid>
  );
}

function TopModels() {
  const report = useQuery(reportQuery(['provider', 'model'], '24h'));
  const rows = report.data?.rows.filter((r) => r.model).slice(0, 6);
  return (
    <Paper h="100%" component="section" style={{ overflow: 'hidden' }}>
      <Group justify="space-between" p="md" pb={4}><Title order={2}>Top models, 24 h</Title><TextLink to="/cost" search={{ by: 'model', range: '24h' }}>Report</TextLink></Group>
      {report.isError && <ProblemAlert title="The report could not be made" error={report.error} onRetry={() => report.refetch()} />}
      {report.isPending && <TableSkeleton rows={4} />}
      {rows?.length === 0 && <Empty title="No model was called">What models cost shows here after the first call.</Empty>}
      {report.data && rows && rows.length > 0 && (
        <Table>
          <Table.Thead><Table.Tr><Table.Th>Model</Table.Th><Table.Th ta="right">Calls</Table.Th><Table.Th ta="right">Cost</Table.Th><Table.Th visibleFrom="sm" w="32%">Share</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>
            {rows.map((r) => (
              <Table.Tr key={`${r.provider}/${r.model}`}>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>
                  <TextLink to="/calls" search={{ provider: r.provider, model: r.model, range: '24h' }}>{r.model}</TextLink>{' '}
                  <Text span size="xs" c="dimmed">{r.provider}</Text>
                </Table.Td>
                <Table.Td ta="right">{formatCount(r.calls)}</Table.Td>
                <Table.Td ta="right"><Money nano={r.cost_nano} pricing={pricingOf(r)} /></Table.Td>
                <Table.Td visibleFrom="sm"><Share permille={shareOf(r, report.data)} /></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Paper>
  );
}

function Days() {
  const report = useQuery(reportQuery(['day'], '30d'));
  return (
    <Paper h="100%" p="md" component="section">
      <Stack gap="sm">
        <Title order={2}>Cost by day <Text span size="sm" c="dimmed" fw={400}>last 14 days, UTC</Text></Title>
        {report.isError && <ProblemAlert title="The report could not be made" error={report.error} onRetry={() => report.refetch()} />}
        {report.isPending && <Skeleton h={236} />}
        {report.data && <Suspense fallback={<Skeleton h={236} />}><DayChart days={byDay(report.data.rows, daysUntil(new Date(), 14))} height={236} /></Suspense>}
      </Stack>
    </Paper>
  );
}
