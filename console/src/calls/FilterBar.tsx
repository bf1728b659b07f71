import { Autocomplete, Button, Group, Pill, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { keysQuery, modelsQuery, providersQuery } from '../api/queries';
import { rangeNames } from '../format/time';
import { useDraft } from '../ui/useDraft';
import { filterNames, filterRange, outcomes, type Filters } from './filters';

interface Props {
  filters: Filters;
  onChange: (changes: Filters) => void;
  onClear: () => void;
}

const fit = { flex: '1 1 140px', miw: 140, maw: { sm: 190 } } as const;
const selects = { ...fit, size: 'sm', clearable: true, comboboxProps: { shadow: 'md' } } as const;

/** The filters of the calls; what only a link can set is shown as a pill. */
export function FilterBar({ filters, onChange, onClear }: Props) {
  const providers = useQuery(providersQuery);
  const keys = useQuery(keysQuery);
  const set = (name: keyof Filters) => (value: string | null) => onChange({ [name]: value ?? undefined });
  const linked = (['status', 'project', 'team', 'operation', 'session', 'subject', 'trace'] as const).filter((n) => filters[n]);
  const any = filterNames.some((n) => filters[n]) || filters.range !== undefined;
  return (
    <Group gap="xs" role="search" aria-label="Filter the calls">
      <Select {...selects} clearable={false} aria-label="Time" data={Object.entries(rangeNames).map(([value, label]) => ({ value, label }))}
        value={filterRange(filters)} onChange={(v) => set('range')(v === '7d' ? null : v)} allowDeselect={false} />
      <ModelFilter value={filters.model ?? ''} onChange={(v) => set('model')(v || null)} />
      <Select {...selects} aria-label="Provider" placeholder="Any provider" searchable data={(providers.data ?? []).map((p) => p.name)}
        value={filters.provider ?? null} onChange={set('provider')} />
      <Select {...selects} aria-label="Outcome" placeholder="Any outcome" data={Object.entries(outcomes).map(([value, label]) => ({ value, label }))}
        value={filters.outcome ?? null} onChange={set('outcome')} />
      <Select {...selects} aria-label="Key" placeholder="Any key" searchable data={(keys.data ?? []).map((k) => ({ value: k.id, label: k.name }))}
        value={filters.key ?? null} onChange={set('key')} />
      {linked.map((n) => <Pill key={n} size="lg" withRemoveButton onRemove={() => onChange({ [n]: undefined })} removeButtonProps={{ 'aria-label': `Drop ${n}`, 'aria-hidden': false, tabIndex: 0 }}>{n}: {filters[n]}</Pill>)}
      {any && <Button size="sm" variant="subtle" color="gray" onClick={onClear}>Clear</Button>}
    </Group>
  );
}

function ModelFilter({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const models = useQuery(modelsQuery);
  const [text, setText] = useDraft(value, onChange, 350);
  const names = [...new Set((models.data ?? []).map((m) => m.model))];
  return (
    <Autocomplete id="filter-model" {...fit} size="sm" aria-label="Model" placeholder="Any model  ( / )" data={names} limit={12} value={text}
      onChange={setText} comboboxProps={{ shadow: 'md' }} clearable />
  );
}
