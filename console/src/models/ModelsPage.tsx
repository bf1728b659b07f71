import { Badge, Group, Paper, Select, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { Schema } from '../api/http';
import { modelsQuery } from '../api/queries';
import { formatCount } from '../format/number';
import { CopyIcon } from '../ui/Copy';
import { Empty } from '../ui/Empty';
import { Page, TableSkeleton } from '../ui/Page';
import { ProblemAlert } from '../ui/Problem';
import { SearchBox } from '../ui/SearchBox';
import { TextLink } from '../ui/TextLink';

const route = getRouteApi('/models');
const shown = 200;

/** What can be called, and what a million tokens cost. */
export function ModelsPage() {
  const { search, provider } = route.useSearch();
  const navigate = route.useNavigate();
  const models = useQuery(modelsQuery);
  const wanted = (search ?? '').toLowerCase();
  const found = models.data?.filter((m) => m.id.toLowerCase().includes(wanted) && (provider === undefined || m.provider === provider));
  const providers = [...new Set(models.data?.map((m) => m.provider))];
  const set = (changes: { search?: string | undefined; provider?: string | undefined }) => void navigate({ search: (s) => ({ ...s, ...changes }), replace: true });
  return (
    <Page title="Models" description="What can be called here. Put the id into the field model of a request.">
      <Group gap="xs">
        <SearchBox label="Search models" placeholder="Part of a name" value={search ?? ''} onChange={(v) => set({ search: v || undefined })} />
        <Select aria-label="Provider" placeholder="Any provider" clearable w={180} data={providers} value={provider ?? null} onChange={(v) => set({ provider: v ?? undefined })} />
        {found && <Text size="sm" c="dimmed">{found.length > shown ? `showing ${shown} of ${formatCount(found.length)}` : `${formatCount(found.length)} found`}</Text>}
      </Group>
      {models.isError && <ProblemAlert title="The models could not be loaded" error={models.error} onRetry={() => models.refetch()} />}
      {!models.isError && (
        <Paper style={{ overflow: 'hidden' }}>
          {models.isPending && <TableSkeleton />}
          {found?.length === 0 && (models.data?.length === 0
            ? <Empty title="No model can be called">Put a provider into steward.yaml, or its key into the environment, and start again.</Empty>
            : <Empty title="No model of that name">A provider may take models that are not listed: write provider/model in the request.</Empty>)}
          {found !== undefined && found.length > 0 && <Models rows={found.slice(0, shown)} />}
        </Paper>
      )}
    </Page>
  );
}

function Models({ rows }: { rows: Schema<'Model'>[] }) {
  return (
    <Table highlightOnHover aria-label="Models">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Id</Table.Th><Table.Th visibleFrom="sm">Operation</Table.Th><Table.Th ta="right" visibleFrom="md">Context</Table.Th><Table.Th ta="right" visibleFrom="lg">Most output</Table.Th>
          <Table.Th ta="right">$ / M in</Table.Th><Table.Th ta="right">$ / M out</Table.Th><Table.Th visibleFrom="sm" ta="right">Calls</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((m) => (
          <Table.Tr key={m.id}>
            <Table.Td style={{ overflowWrap: 'anywhere' }}><Group gap={4} wrap="nowrap"><Text size="sm" fw={500}>{m.id}</Text><CopyIcon value={m.id} label={`Copy ${m.id}`} /></Group></Table.Td>
            <Table.Td visibleFrom="sm"><Badge color="gray" tt="none">{m.operation || 'unknown'}</Badge></Table.Td>
            <Table.Td ta="right" visibleFrom="md">{m.context_tokens > 0 ? formatCount(m.context_tokens) : '–'}</Table.Td>
            <Table.Td ta="right" visibleFrom="lg">{m.output_tokens > 0 ? formatCount(m.output_tokens) : '–'}</Table.Td>
            {m.priced ? <><Table.Td ta="right">{m.input_usd || '–'}</Table.Td><Table.Td ta="right">{m.output_usd || '–'}</Table.Td></> : <Table.Td ta="right" colSpan={2}><Badge color="yellow" tt="none">no price</Badge></Table.Td>}
            <Table.Td visibleFrom="sm" ta="right"><TextLink to="/calls" search={{ provider: m.provider, model: m.model }} aria-label={`Calls of ${m.id}`}>calls</TextLink></Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
