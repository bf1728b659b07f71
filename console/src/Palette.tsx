import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { Spotlight, type SpotlightActionData } from '@mantine/spotlight';
import { IconClock, IconKey, IconLogout, IconMoon, IconSearch, IconSparkles } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { modelsQuery } from './api/queries';
import { pages } from './nav';
import { useSignOut } from './session/signOut';
import { useZone } from './ui/zone';

/** The command palette: pages, actions, a call by its id, a model's calls. */
export function Palette() {
  const navigate = useNavigate();
  const [query, setQuery] = useState('');
  const [zone, setZone] = useZone();
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  const signOut = useSignOut();
  const models = useQuery({ ...modelsQuery, enabled: query.length > 1 });

  const actions: SpotlightActionData[] = [
    ...pages.map(({ to, label, about, icon: Icon }) => ({
      id: to, label, description: about, leftSection: <Icon size={20} stroke={1.6} />, onClick: () => void navigate({ to }),
    })),
    { id: 'create-key', label: 'Create a key', description: 'For an application that is to call models', keywords: ['new', 'token', 'secret'],
      leftSection: <IconKey size={20} stroke={1.6} />, onClick: () => void navigate({ to: '/keys', search: { create: 'yes' } }) },
    { id: 'errors', label: 'Calls that failed', description: 'In the last 24 hours', keywords: ['error'],
      leftSection: <IconSearch size={20} stroke={1.6} />, onClick: () => void navigate({ to: '/calls', search: { outcome: 'failed', range: '24h' } }) },
    { id: 'zone', label: zone === 'utc' ? 'Show local time' : 'Show UTC', keywords: ['time zone', 'clock'],
      leftSection: <IconClock size={20} stroke={1.6} />, onClick: () => setZone(zone === 'utc' ? 'local' : 'utc') },
    { id: 'scheme', label: dark ? 'Light colours' : 'Dark colours', keywords: ['theme', 'dark mode', 'light mode'],
      leftSection: <IconMoon size={20} stroke={1.6} />, onClick: () => setColorScheme(dark ? 'light' : 'dark') },
    { id: 'sign-out', label: 'Sign out', keywords: ['log out', 'leave'], leftSection: <IconLogout size={20} stroke={1.6} />, onClick: () => void signOut() },
  ];
  const text = query.trim();
  if (text.startsWith('call_')) {
    actions.unshift({ id: 'call', label: `Open call ${text}`, keywords: [text], leftSection: <IconSearch size={20} stroke={1.6} />,
      onClick: () => void navigate({ to: '/calls/$id', params: { id: text } }) });
  }
  if (text.length > 1) {
    for (const m of models.data ?? []) {
      actions.push({ id: `model:${m.id}`, label: m.id, description: 'Calls of this model', leftSection: <IconSparkles size={20} stroke={1.6} />,
        onClick: () => void navigate({ to: '/calls', search: { provider: m.provider, model: m.model } }) });
    }
  }
  return (
    <Spotlight actions={actions} query={query} onQueryChange={setQuery} shortcut={['mod + K']} limit={12} nothingFound="Nothing by that name"
      searchProps={{ leftSection: <IconSearch size={18} />, placeholder: 'A page, an action, a model, or the id of a call', 'aria-label': 'Find' }} />
  );
}
