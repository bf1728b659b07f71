import { ActionIcon, Badge, Button, Code, Group, Menu, Paper, SegmentedControl, Table, Text } from '@mantine/core';
import { IconDots, IconKey, IconPlus, IconRefresh, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import type { Schema } from '../api/http';
import { keysQuery } from '../api/queries';
import { plural } from '../format/number';
import { formatDay } from '../format/time';
import { Empty } from '../ui/Empty';
import { Moment } from '../ui/Moment';
import { Page, TableSkeleton } from '../ui/Page';
import { ProblemAlert } from '../ui/Problem';
import { MenuLink } from '../ui/TextLink';
import { useZone } from '../ui/zone';
import { CreateKey } from './CreateKey';
import { RevokeKey, RotateKey } from './EndKey';

const route = getRouteApi('/keys');
const colors = { active: 'green', replaced: 'yellow', expired: 'gray', revoked: 'gray' } as const;

/** Who may call. */
export function KeysPage() {
  const { create, show } = route.useSearch();
  const navigate = route.useNavigate();
  const keys = useQuery(keysQuery);
  const [rotating, setRotating] = useState<Schema<'Key'>>();
  const [revoking, setRevoking] = useState<Schema<'Key'>>();
  const all = show === 'all';
  const usable = keys.data?.filter((k) => k.state === 'active' || k.state === 'replaced');
  const rows = (all ? keys.data : usable)?.toReversed();
  const ended = (keys.data?.length ?? 0) - (usable?.length ?? 0);
  const open = (yes: boolean) => void navigate({ search: (s) => ({ ...s, create: yes ? 'yes' : undefined }), replace: true });
  return (
    <Page title="Keys" description="A key lets an application call models. Steward keeps only its hash."
      actions={<Button leftSection={<IconPlus size={16} />} onClick={() => open(true)}>Create a key</Button>}>
      <Group justify="space-between">
        <SegmentedControl value={all ? 'all' : 'usable'} onChange={(v) => void navigate({ search: (s) => ({ ...s, show: v === 'all' ? 'all' : undefined }), replace: true })}
          data={[{ value: 'usable', label: 'Usable' }, { value: 'all', label: 'All' }]} aria-label="Which keys" />
        {keys.data && <Text size="sm" c="dimmed">{plural(rows?.length ?? 0, 'key')}{!all && ended > 0 && `, ${ended} ended`}</Text>}
      </Group>
      {keys.isError && <ProblemAlert title="The keys could not be loaded" error={keys.error} onRetry={() => keys.refetch()} />}
      {!keys.isError && (
        <Paper style={{ overflow: 'hidden' }}>
          {keys.isPending && <TableSkeleton rows={5} />}
          {rows?.length === 0 && <Empty title="No key" icon={<IconKey stroke={1.5} />}>Without one, no application can call. Create a key, and put it where the vendor&apos;s key was.</Empty>}
          {rows !== undefined && rows.length > 0 && <Keys rows={rows} onRotate={setRotating} onRevoke={setRevoking} />}
        </Paper>
      )}
      <CreateKey opened={create === 'yes'} onClose={() => open(false)} />
      <RotateKey key={rotating?.id} target={rotating} onClose={() => setRotating(undefined)} />
      <RevokeKey target={revoking} onClose={() => setRevoking(undefined)} />
    </Page>
  );
}

interface KeysProps {
  rows: Schema<'Key'>[];
  onRotate: (key: Schema<'Key'>) => void;
  onRevoke: (key: Schema<'Key'>) => void;
}

function Keys({ rows, onRotate, onRevoke }: KeysProps) {
  const [zone] = useZone();
  return (
    <Table highlightOnHover aria-label="Keys">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Name</Table.Th><Table.Th visibleFrom="md">Begins with</Table.Th><Table.Th visibleFrom="lg">Project</Table.Th><Table.Th visibleFrom="lg">Models</Table.Th>
          <Table.Th visibleFrom="sm">Created</Table.Th><Table.Th visibleFrom="sm">Expires</Table.Th><Table.Th>State</Table.Th><Table.Th w={50} aria-label="Actions" />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((k) => (
          <Table.Tr key={k.id}>
            <Table.Td style={{ overflowWrap: 'anywhere' }}><Text size="sm" fw={500}>{k.name}</Text></Table.Td>
            <Table.Td visibleFrom="md"><Code>{k.prefix}…</Code></Table.Td>
            <Table.Td visibleFrom="lg" c="dimmed">{k.org} › {k.team} › {k.project}</Table.Td>
            <Table.Td visibleFrom="lg">{k.models.length === 0 ? 'all' : <Group gap={4}>{k.models.map((m) => <Badge key={m} color="gray" tt="none">{m}</Badge>)}</Group>}</Table.Td>
            <Table.Td visibleFrom="sm"><Moment at={k.created} /></Table.Td>
            <Table.Td visibleFrom="sm">{k.expires === '' ? 'never' : formatDay(k.expires, zone)}</Table.Td>
            <Table.Td><Badge color={colors[k.state]} tt="none">{k.state}</Badge></Table.Td>
            <Table.Td><KeyMenu target={k} onRotate={() => onRotate(k)} onRevoke={() => onRevoke(k)} /></Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function KeyMenu({ target, onRotate, onRevoke }: { target: Schema<'Key'>; onRotate: () => void; onRevoke: () => void }) {
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target><ActionIcon variant="subtle" color="gray" aria-label={`Actions of ${target.name}`}><IconDots size={18} /></ActionIcon></Menu.Target>
      <Menu.Dropdown>
        <MenuLink to="/calls" search={{ key: target.id }}>Calls of this key</MenuLink>
        <Menu.Item leftSection={<IconRefresh size={16} />} disabled={target.state !== 'active'} onClick={onRotate}>Rotate…</Menu.Item>
        <Menu.Item leftSection={<IconTrash size={16} />} color="red" disabled={target.state === 'revoked'} onClick={onRevoke}>Revoke…</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
