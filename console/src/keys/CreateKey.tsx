import { Button, Collapse, Group, Modal, Select, Stack, TagsInput, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { ask } from '../api/http';
import { keysQuery, modelsQuery, providersQuery } from '../api/queries';
import { ProblemAlert } from '../ui/Problem';
import { Secret } from './Secret';

const lifetimes = [
  { value: '', label: 'Never' }, { value: '1', label: 'In a day' }, { value: '7', label: 'In a week' }, { value: '30', label: 'In 30 days' },
  { value: '90', label: 'In 90 days' }, { value: '365', label: 'In a year' },
];

const blank = { name: '', project: '', team: '', org: '', models: [] as string[], days: '' };

/** Asks for what a key needs, makes it, and shows its secret. */
export function CreateKey({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const [form, setForm] = useState(blank);
  const [more, setMore] = useState(false);
  const create = useMutation({
    mutationFn: () => {
      const { days, name, ...rest } = form;
      const expires = days === '' ? '' : new Date(Date.now() + Number(days) * 86_400_000).toISOString();
      return ask('post', '/api/keys', { body: { ...rest, name: name.trim(), expires } });
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: keysQuery.queryKey }),
  });
  const close = () => {
    onClose();
    setForm(blank);
    create.reset();
  };
  const submit = (e: SubmitEvent) => {
    e.preventDefault();
    if (form.name.trim() !== '') create.mutate();
  };
  const set = (changes: Partial<typeof blank>) => setForm((f) => ({ ...f, ...changes }));
  return (
    <Modal opened={opened} onClose={close} title={create.data ? `The key ${create.data.name}` : 'Create a key'} closeOnClickOutside={!create.data} size="lg">
      {create.data ? (
        <Secret value={create.data.key} onDone={close} />
      ) : (
        <form onSubmit={submit}>
          <Stack>
            {create.isError && <ProblemAlert title="The key could not be made" error={create.error} />}
            <TextInput label="Name" description="What uses it: calls and costs are shown by it" placeholder="support-bot" required maxLength={100} data-autofocus
              value={form.name} onChange={(e) => set({ name: e.currentTarget.value })} />
            <Select label="Expires" data={lifetimes} value={form.days} onChange={(v) => set({ days: v ?? '' })} allowDeselect={false} />
            <ModelPatterns value={form.models} onChange={(models) => set({ models })} />
            <Collapse expanded={more}>
              <Group grow align="flex-start">
                <TextInput label="Organisation" placeholder="default" value={form.org} onChange={(e) => set({ org: e.currentTarget.value })} />
                <TextInput label="Team" placeholder="default" value={form.team} onChange={(e) => set({ team: e.currentTarget.value })} />
                <TextInput label="Project" placeholder="default" value={form.project} onChange={(e) => set({ project: e.currentTarget.value })} />
              </Group>
            </Collapse>
            <Group justify="space-between">
              <Button variant="subtle" color="gray" px={0} onClick={() => setMore(!more)} aria-expanded={more}>{more ? 'Less' : 'Organisation, team, project'}</Button>
              <Group><Button variant="default" onClick={close}>Cancel</Button><Button type="submit" loading={create.isPending} disabled={form.name.trim() === ''}>Create</Button></Group>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

function ModelPatterns({ value, onChange }: { value: string[]; onChange: (value: string[]) => void }) {
  const models = useQuery(modelsQuery);
  const providers = useQuery(providersQuery);
  const data = [...(providers.data ?? []).map((p) => `${p.name}/*`), ...(models.data ?? []).map((m) => m.id)];
  return (
    <TagsInput label="Models" description="Which it may call; a trailing * matches any ending. None: all" placeholder={value.length === 0 ? 'All models' : ''}
      data={data} limit={20} value={value} onChange={onChange} clearable />
  );
}
