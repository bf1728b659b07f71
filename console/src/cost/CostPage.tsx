import { Button, Group, Paper, Pill, Select, SimpleGrid, Skeleton, Table, Text, Title } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import type { Schema } from '../api/http';
import { formatCount, plural } from '../format/number';
import { daysUntil, rangeNames, rangeOf, type Range } from '../format/time';
import { Empty } from '../ui/Empty';
import { Money } from '../ui/Money';
import { Page, TableSkeleton } from '../ui/Page';
import { ProblemAlert } from '../ui/Problem';
import { Stat } from '../ui/Stat';
import { Share } from './Share';
import { byDay, csv, dimensionOf, dimensions, pricingOf, reportQuery, shareOf, valueOf, type Dimension, type Scope } from './report';
import { TextLink } from '../ui/TextLink';

const DayChart = lazy(() => import('./DayChart'));
const route = getRouteApi('/cost');
const shown = 200;
const chartDays: Record<Range, number> = { '1h': 14, '24h': 14, '7d': 7, '30d': 30, '90d': 90, 'all': 90 };

/** What calls cost, by one dimension or two. */
export function CostPage() {
  const { by: byText, and: andText, range: rangeText, ...scope } = route.useSearch();
  const navigate = route.useNavigate();
  const first = dimensionOf(byText) ?? 'model';
  const second = dimensionOf(andText);
  const by: Dimension[] = second && second !== first ? [first, second] : [first];
  const range = rangeOf(rangeText, '30d');
  const report = useQuery(reportQuery(by, range, scope));
  const set = (changes: Record<string, string | undefined>) => void navigate({ search: (s) => ({ ...s, ...changes }), replace: true });
  const options = Object.entries(dimensions).map(([value, label]) => ({ value, label }));
  return (
    <Page title="Cost" description="Exact to the nano-dollar, from what providers reported and the prices of that moment."
      actions={<Button variant="default" leftSection={<IconDownload size={16} />} disabled={!report.data?.rows.length} onClick={() => report.data && download(report.data, by)}>Export CSV</Button>}>
      <Group gap="sm" align="flex-end">
        <Select label="By" w={170} data={options} value={first} allowDeselect={false} onChange={(v) => set({ by: v ?? undefined, and: v === second ? undefined : andText })} />
        <Select label="and by" w={170} placeholder="Nothing more" clearable data={options.filter((o) => o.value !== first)} value={by[1] ?? null} onChange={(v) => set({ and: v ?? undefined })} />
        <Select label="Time" w={160} data={Object.entries(rangeNames).map(([value, label]) => ({ value, label }))} value={range} allowDeselect={false} onChange={(v) => set({ range: v ?? undefined })} />
        {Object.entries(scope).map(([name, value]) => (
          <Pill key={name} size="lg" mb={4} withRemoveButton onRemove={() => set({ [name]: undefined })} removeButtonProps={{ 'aria-label': `Drop ${name}`, 'aria-hidden': false, tabIndex: 0 }}>{name}: {value}</Pill>
        ))}
      </Group>
      {report.isError && <ProblemAlert title="The report could not be made" error={report.error} onRetry={() => report.refetch()} />}
      {!report.isError && <Totals report={report.data} />}
      <Days range={range} scope={scope} />
      {!report.isError && (
        <Paper style={{ overflow: 'hidden' }}>
          {report.isPending && <TableSkeleton />}
          {report.data?.rows.length === 0 && <Empty title="Nothing was spent">No call falls into this time. Choose a longer one, or make a call: <TextLink to="/">Home</TextLink> shows how.</Empty>}
          {report.data && report.data.rows.length > 0 && <Rows report={report.data} by={by} scope={scope} range={range} />}
        </Paper>
      )}
    </Page>
  );
}

function Totals({ report }: { report: Schema<'Report'> | undefined }) {
  const input = report?.rows.reduce((n, r) => n + r.input_tokens, 0);
  const output = report?.rows.reduce((n, r) => n + r.output_tokens, 0);
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }}>
      <Stat label="Total" value={report && <Money nano={report.total_nano} wrap />} note={report && (report.unpriced > 0 ? `and ${plural(report.unpriced, 'call')} of unknown cost` : 'no call of unknown cost')} />
      <Stat label="Calls" value={report && formatCount(report.calls)} note={report && report.calls > 0 && <><Money nano={report.total_nano / BigInt(report.calls)} /> a call</>} />
      <Stat label="Tokens in" value={input !== undefined && formatCount(input)} note="cached ones included" />
      <Stat label="Tokens out" value={output !== undefined && formatCount(output)} note="reasoning included" />
    </SimpleGrid>
  );
}

function Days({ range, scope }: { range: Range; scope: Scope }) {
  const count = chartDays[range];
  const report = useQuery(reportQuery(['day'], count > 30 ? 'all' : '30d', scope));
  if (!report.data || report.data.calls === 0) return null;
  return (
    <Paper p="md" component="section">
      <Title order={2} mb="sm">By day, last {count} days <Text span size="sm" c="dimmed" fw={400}>UTC; today is not over</Text></Title>
      <Suspense fallback={<Skeleton h={190} />}><DayChart days={byDay(report.data.rows, daysUntil(new Date(), count))} height={190} /></Suspense>
    </Paper>
  );
}

function Rows({ report, by, scope, range }: { report: Schema<'Report'>; by: Dimension[]; scope: Scope; range: Range }) {
  return (
    <Table.ScrollContainer minWidth={300} type="native" tabIndex={0} role="region" aria-label="Cost, table">
      <Table highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {by.map((d) => <Table.Th key={d}>{dimensions[d]}</Table.Th>)}
            <Table.Th ta="right">Cost</Table.Th>
            <Table.Th visibleFrom="sm" w="22%">Share</Table.Th>
            <Table.Th ta="right" visibleFrom="xs">Calls</Table.Th>
            <Table.Th ta="right" visibleFrom="md">Tokens in</Table.Th>
            <Table.Th ta="right" visibleFrom="md">Tokens out</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {report.rows.slice(0, shown).map((r) => (
            <Table.Tr key={by.map((d) => valueOf(r, d)).join('\n')}>
              {by.map((d) => <Table.Td key={d} style={{ overflowWrap: 'anywhere' }}><Value row={r} by={d} scope={scope} range={range} /></Table.Td>)}
              <Table.Td ta="right">
                <Money nano={r.cost_nano} pricing={pricingOf(r)} pad={7} />
                {r.unpriced > 0 && r.unpriced < r.calls && <Text size="xs" c="dimmed">{plural(r.unpriced, 'call')} unknown</Text>}
              </Table.Td>
              <Table.Td visibleFrom="sm"><Share permille={shareOf(r, report)} /></Table.Td>
              <Table.Td ta="right" visibleFrom="xs">{formatCount(r.calls)}</Table.Td>
              <Table.Td ta="right" visibleFrom="md">{formatCount(r.input_tokens)}</Table.Td>
              <Table.Td ta="right" visibleFrom="md">{formatCount(r.output_tokens)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
        <Table.Tfoot>
          <Table.Tr>
            <Table.Th colSpan={by.length}>{report.rows.length > shown ? `Showing the dearest ${shown} of ${formatCount(report.rows.length)}; the total is of all` : 'Total'}</Table.Th>
            <Table.Th ta="right"><Money nano={report.total_nano} pad={7} /></Table.Th>
            <Table.Th visibleFrom="sm" />
            <Table.Th ta="right" visibleFrom="xs">{formatCount(report.calls)}</Table.Th>
            <Table.Th visibleFrom="md" /><Table.Th visibleFrom="md" />
          </Table.Tr>
        </Table.Tfoot>
      </Table>
    </Table.ScrollContainer>
  );
}

function Value({ row, by, scope, range }: { row: Schema<'ReportRow'>; by: Dimension; scope: Scope; range: Range }) {
  const value = valueOf(row, by);
  if ((by !== 'model' && by !== 'provider' && by !== 'project' && by !== 'team') || !row[by]) return value;
  return <TextLink to="/calls" search={{ ...scope, [by]: value, range }}>{value}</TextLink>;
}

function download(report: Schema<'Report'>, by: Dimension[]): void {
  const url = URL.createObjectURL(new Blob([csv(report, by)], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `steward-cost-by-${by.join('-')}.csv`;
  link.click();
  URL.revokeObjectURL(url);
}
