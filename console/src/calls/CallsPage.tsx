import { Badge, Button, Group, Paper, Text, Tooltip } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconArrowLeft, IconArrowRight, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';
import { ask } from '../api/http';
import { formatCount } from '../format/number';
import { Empty } from '../ui/Empty';
import { Page, TableSkeleton } from '../ui/Page';
import { ProblemAlert } from '../ui/Problem';
import { CallTable } from './CallTable';
import { FilterBar } from './FilterBar';
import { filterNames, matches, merge, toQuery, type Filters } from './filters';
import { useTail, type Tail } from './useTail';
import { TextLink } from '../ui/TextLink';

const route = getRouteApi('/calls');
const pageSize = 50;

/** Every call: filtered by what the URL says, a page at a time; the first page is live. */
export function CallsPage() {
  const filters: Filters = route.useSearch();
  const navigate = route.useNavigate();
  const first = filters.before === undefined;
  const paused = filters.live === 'no';
  const about = { ...filters, live: undefined };
  const list = useQuery({
    queryKey: ['calls', about],
    queryFn: ({ signal }) => ask('get', '/api/calls', { query: toQuery(about, new Date(), pageSize), signal }),
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
  const tail = useTail({ enabled: first, paused, accept: (c) => matches(c, filters), keep: 500 });
  const listed = list.data?.calls;
  const rows = useMemo(() => (listed ? (first ? merge(tail.calls.filter((c) => matches(c, filters)), listed) : listed) : undefined), [first, tail.calls, listed, filters]);
  const fresh = useMemo(() => new Set(tail.calls.map((c) => c.id)), [tail.calls]);

  const change = (changes: Filters) => void navigate({ search: (s) => ({ ...s, before: undefined, ...changes }), replace: true });
  const toggle = () => change({ live: paused ? undefined : 'no' });
  useHotkeys([['p', () => first && toggle()], ['/', () => document.getElementById('filter-model')?.focus()]]);

  return (
    <Page title="Calls" description="Every request that came through Steward, newest first."
      actions={first && <Live tail={tail} paused={paused} onToggle={toggle} />}>
      <FilterBar filters={filters} onChange={change} onClear={() => void navigate({ search: filters.live ? { live: filters.live } : {}, replace: true })} />
      {list.isError && <ProblemAlert title="The calls could not be loaded" error={list.error} onRetry={() => list.refetch()} />}
      {!list.isError && (
        <Paper style={{ overflow: 'hidden' }}>
          {rows === undefined && <TableSkeleton rows={12} />}
          {rows?.length === 0 && <NoCalls filtered={filterNames.some((n) => filters[n]) || filters.range !== undefined} />}
          {rows !== undefined && rows.length > 0 && <CallTable calls={rows} fresh={fresh} />}
        </Paper>
      )}
      {rows !== undefined && rows.length > 0 && (
        <Group justify="space-between">
          <Text size="sm" c="dimmed">{formatCount(rows.length)} shown{list.data?.next ? ', older ones follow' : ', no older ones'}</Text>
          <Group gap="xs">
            {!first && <Button variant="default" leftSection={<IconArrowLeft size={16} />} onClick={() => change({})}>Newest</Button>}
            {list.data?.next && (
              <Button variant="default" rightSection={<IconArrowRight size={16} />}
                onClick={() => void navigate({ search: (s) => ({ ...s, before: list.data.next }) }).then(() => window.scrollTo(0, 0))}>Older</Button>
            )}
          </Group>
        </Group>
      )}
    </Page>
  );
}

function Live({ tail, paused, onToggle }: { tail: Tail; paused: boolean; onToggle: () => void }) {
  const state = paused ? 'paused' : tail.state === 'open' ? 'live' : tail.state === 'connecting' ? 'connecting' : 'not live';
  return (
    <>
      <Badge size="lg" variant="dot" tt="none" color={state === 'live' ? 'green' : 'gray'} role="status">
        {paused && tail.waiting > 0 ? `paused, ${formatCount(tail.waiting)} new` : state}
      </Badge>
      <Tooltip label="Key: p">
        <Button variant="default" onClick={onToggle} aria-keyshortcuts="p" leftSection={paused ? <IconPlayerPlay size={16} /> : <IconPlayerPause size={16} />}>
          {paused ? 'Resume' : 'Pause'}
        </Button>
      </Tooltip>
    </>
  );
}

function NoCalls({ filtered }: { filtered: boolean }) {
  return filtered ? (
    <Empty title="No call fits">
      Take a filter away or choose a longer time. <TextLink to="/calls" search={{ range: 'all' }}>Show all calls</TextLink>
    </Empty>
  ) : (
    <Empty title="No calls yet">
      The page shows calls as they end. <TextLink to="/">Home</TextLink> has a snippet for your SDK that makes the first one.
    </Empty>
  );
}
