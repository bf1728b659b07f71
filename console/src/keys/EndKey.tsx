import { Button, Group, Modal, Select, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, type Schema } from '../api/http';
import { keysQuery } from '../api/queries';
import { ProblemAlert } from '../ui/Problem';
import { Secret } from './Secret';

interface Props {
  target: Schema<'Key'> | undefined;
  onClose: () => void;
}

const overlaps = [
  { value: '', label: 'Stops at once' }, { value: '1h', label: 'Works for one more hour' }, { value: '24h', label: 'Works for one more day' },
  { value: '168h', label: 'Works for one more week' }, { value: '720h', label: 'Works for 30 more days' },
];

/** Makes a new key in the place of another, which may work a while longer. */
export function RotateKey({ target, onClose }: Props) {
  const queries = useQueryClient();
  const [grace, setGrace] = useState('24h');
  const rotate = useMutation({
    mutationFn: (id: string) => ask('post', '/api/keys/{id}/rotate', { path: { id }, body: { grace } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keysQuery.queryKey }),
  });
  const close = () => {
    onClose();
    rotate.reset();
  };
  if (!target) return null;
  return (
    <Modal opened onClose={close} title={rotate.data ? `The new key of ${target.name}` : `Rotate ${target.name}`} closeOnClickOutside={!rotate.data} size="lg">
      {rotate.data ? (
        <Secret value={rotate.data.key} onDone={close} note={grace === '' ? 'The old key no longer works.' : 'The old key works for a while: put the new one in place before it ends.'} />
      ) : (
        <Stack>
          {rotate.isError && <ProblemAlert title="The key could not be rotated" error={rotate.error} />}
          <Text size="sm">A new secret takes the place of this one; name, project and models stay.</Text>
          <Select label="The old key" data={overlaps} value={grace} onChange={(v) => setGrace(v ?? '')} allowDeselect={false} data-autofocus />
          <Group justify="flex-end"><Button variant="default" onClick={close}>Cancel</Button><Button loading={rotate.isPending} onClick={() => rotate.mutate(target.id)}>Rotate</Button></Group>
        </Stack>
      )}
    </Modal>
  );
}

/** Ends a key at once, after a question. */
export function RevokeKey({ target, onClose }: Props) {
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: (id: string) => ask('delete', '/api/keys/{id}', { path: { id } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keysQuery.queryKey });
      onClose();
    },
  });
  if (!target) return null;
  return (
    <Modal opened onClose={onClose} title={`Revoke ${target.name}?`}>
      <Stack>
        {revoke.isError && <ProblemAlert title="The key could not be revoked" error={revoke.error} />}
        <Text size="sm">Calls with it fail from now on, and it cannot be brought back. What it did stays in the records.</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>Keep it</Button>
          <Button color="red" loading={revoke.isPending} onClick={() => revoke.mutate(target.id)}>Revoke</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
