import { Badge, Group, HoverCard, List, Paper, Select, Table, Text, UnstyledButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { Schema } from '../api/http';
import { pricesQuery, providersQuery } from '../api/queries';
import { formatCount } from '../format/number';
import { Empty } from '../ui/Empty';
import { Page, TableSkeleton } from '../ui/Page';
import { ProblemAlert } from '../ui/Problem';
import { SearchBox } from '../ui/SearchBox';
import { describeRate, mainRate } from './rates';

const route = getRouteApi('/prices');
const shown = 100;
const sources = { catalogue: 'Catalogue', config: 'steward.yaml', override: 'Set at run time' } as const;

/** What models cost. */
export function PricesPage() {
  const { search, provider, source: sourceText } = route.useSearch();
  const navigate = route.useNavigate();
  const source = sourceText !== undefined && sourceText in sources ? (sourceText as keyof typeof sources) : '';
  const prices = useQuery(pricesQuery(search ?? '', provider ?? '', source));
  const all = useQuery(pricesQuery('', '', ''));
  const upstreams = useQuery(providersQuery);
  const names = [...new Set([...(upstreams.data ?? []).map((p) => p.name), ...(all.data?.prices ?? []).map((p) => p.provider)])].filter(Boolean).sort();
  const set = (changes: { search?: string | undefined; provider?: string | undefined; source?: string | undefined }) => void navigate({ search: (s) => ({ ...s, ...changes }), replace: true });
  const found = prices.data?.prices;
  return (
    <Page title="Prices" description={<>What calls are charged by, in dollars. Set your own with steward price set.{prices.data && ` Catalogue ${prices.data.catalogue}.`}</>}>
      <Group gap="xs">
        <SearchBox label="Search prices" placeholder="Part of a model's name" value={search ?? ''} onChange={(v) => set({ search: v || undefined })} />
        <Select aria-label="Provider" placeholder="Any provider" searchable clearable w={180} data={names} value={provider ?? null} onChange={(v) => set({ provider: v ?? undefined })} />
        <Select aria-label="Source" placeholder="Any source" clearable w={160} data={Object.entries(sources).map(([value, label]) => ({ value, label }))} value={source || null} onChange={(v) => set({ source: v ?? undefined })} />
        {found && <Text size="sm" c="dimmed">{found.length > shown ? `showing ${shown} of ${formatCount(found.length)}` : `${formatCount(found.length)} found`}</Text>}
      </Group>
      {prices.isError && <ProblemAlert title="The prices could not be loaded" error={prices.error} onRetry={() => prices.refetch()} />}
      {!prices.isError && (
        <Paper style={{ overflow: 'hidden' }}>
          {prices.isPending && <TableSkeleton rows={12} />}
          {found?.length === 0 && <Empty title="No price fits">A call to a model without a price has an unknown cost. Set one with: steward price set PROVIDER/MODEL input=2.50 output=10.00</Empty>}
          {found !== undefined && found.length > 0 && <Prices rows={found.slice(0, shown)} />}
        </Paper>
      )}
    </Page>
  );
}

function Prices({ rows }: { rows: Schema<'Price'>[] }) {
  return (
    <Table highlightOnHover aria-label="Prices">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Model</Table.Th><Table.Th visibleFrom="sm">Provider</Table.Th><Table.Th ta="right">$ / M in</Table.Th><Table.Th ta="right" visibleFrom="sm">$ / M cached</Table.Th>
          <Table.Th ta="right">$ / M out</Table.Th><Table.Th ta="right" visibleFrom="xs">All rates</Table.Th><Table.Th visibleFrom="md">Source</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((p) => (
          <Table.Tr key={`${p.provider}/${p.model}/${p.source}/${p.since}`}>
            <Table.Td style={{ overflowWrap: 'anywhere' }}><Text size="sm" fw={500}>{p.model}</Text><Text size="xs" c="dimmed" hiddenFrom="sm">{p.provider}</Text></Table.Td>
            <Table.Td visibleFrom="sm">{p.provider || 'any'}</Table.Td>
            <Table.Td ta="right">{mainRate(p, 'input')}</Table.Td>
            <Table.Td ta="right" visibleFrom="sm">{mainRate(p, 'cache_read')}</Table.Td>
            <Table.Td ta="right">{mainRate(p, 'output')}</Table.Td>
            <Table.Td ta="right" visibleFrom="xs"><Rates price={p} /></Table.Td>
            <Table.Td visibleFrom="md">{p.source === 'catalogue' ? <Text size="sm" c="dimmed">Catalogue</Text> : <Badge tt="none">{sources[p.source]}</Badge>}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Rates({ price }: { price: Schema<'Price'> }) {
  return (
    <HoverCard shadow="md" position="left" withinPortal openDelay={150}>
      <HoverCard.Target><UnstyledButton fz="sm" c="dimmed" td="underline" style={{ textDecorationStyle: 'dotted' }} aria-label={`${price.rates.length} rates of ${price.model}`}>{price.rates.length}</UnstyledButton></HoverCard.Target>
      <HoverCard.Dropdown mah={340} style={{ overflow: 'auto' }}><List size="xs" spacing={2}>{price.rates.map((r, i) => <List.Item key={i}>{describeRate(r)}</List.Item>)}</List></HoverCard.Dropdown>
    </HoverCard>
  );
}
