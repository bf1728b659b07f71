import {
  ActionIcon, Anchor, AppShell, Burger, Center, Container, Group, Image, Kbd, Loader, NavLink, Text, Tooltip, UnstyledButton, VisuallyHidden,
  useComputedColorScheme, useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure, useOs } from '@mantine/hooks';
import { spotlight } from '@mantine/spotlight';
import { IconLogout, IconMoon, IconSearch, IconSun, IconWorld } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { statusQuery } from './api/queries';
import { pages } from './nav';
import { Palette } from './Palette';
import { SignIn } from './session/SignIn';
import { useSignOut } from './session/signOut';
import { sessionQuery } from './session/visit';
import { ProblemAlert } from './ui/Problem';
import { useZone } from './ui/zone';

/** The frame around every page. Who is not signed in is asked to, at any address. */
export function Shell() {
  const session = useQuery(sessionQuery);
  if (session.isPending) return <Center mih="100dvh"><Loader type="dots" aria-label="Loading" /></Center>;
  if (session.isError) {
    return (
      <Container size="xs" py="xl" component="main">
        <ProblemAlert title="The console cannot reach Steward" error={session.error} onRetry={() => session.refetch()} />
      </Container>
    );
  }
  return session.data.signed_in ? <Frame /> : <SignIn failed={session.data.refused} />;
}

function Frame() {
  const [opened, menu] = useDisclosure();
  const path = useLocation({ select: (l) => l.pathname });
  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 208, breakpoint: 'sm', collapsed: { mobile: !opened } }} padding={{ base: 'md', lg: 'xl' }}>
      <AppShell.Header>
        <a className="skip" href="#content">Skip to content</a>
        <Group h="100%" px="md" gap="sm" wrap="nowrap">
          <Burger opened={opened} onClick={menu.toggle} hiddenFrom="sm" size="sm" aria-label={opened ? 'Close the menu' : 'Open the menu'} />
          <Anchor component={Link} to="/" underline="never" c="inherit">
            <Group gap={10} wrap="nowrap"><Image src="/icon.svg" alt="" w={26} h={26} /><Text fw={700} fz="lg">Steward</Text></Group>
          </Anchor>
          <SearchButton />
          <Switches />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm">
        <AppShell.Section grow component="nav" aria-label="Pages">
          {pages.map(({ to, label, icon: Icon }) => {
            const active = to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`);
            return (
              <NavLink key={to} component={Link} to={to} label={label} active={active} onClick={menu.close} aria-current={active ? 'page' : undefined}
                leftSection={<Icon size={18} stroke={1.6} />} style={{ borderRadius: 'var(--mantine-radius-md)' }} mb={2} />
            );
          })}
        </AppShell.Section>
        <AppShell.Section><Version /></AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} style={{ outline: 'none' }}>
        <Container size={1360} p={0}><Outlet /></Container>
      </AppShell.Main>
      <Palette />
    </AppShell>
  );
}

function SearchButton() {
  const mac = useOs() === 'macos';
  return (
    <UnstyledButton onClick={spotlight.open} ml="auto" px="sm" h={34} aria-keyshortcuts={mac ? 'Meta+K' : 'Control+K'}
      style={{ border: '1px solid var(--mantine-color-default-border)', borderRadius: 'var(--mantine-radius-md)' }}>
      <Group gap="xs" wrap="nowrap" c="dimmed">
        <IconSearch size={16} />
        <VisuallyHidden hiddenFrom="sm">Find anything</VisuallyHidden>
        <Text size="sm" visibleFrom="sm" pr="xl">Find anything</Text>
        <Kbd size="xs" visibleFrom="sm" aria-hidden>{mac ? '⌘ K' : 'Ctrl K'}</Kbd>
      </Group>
    </UnstyledButton>
  );
}

function Switches() {
  const [zone, setZone] = useZone();
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light', { getInitialValueInEffect: false }) === 'dark';
  const signOut = useSignOut();
  return (
    <Group gap={4} wrap="nowrap">
      <Tooltip label={zone === 'utc' ? 'Times are UTC: show the local clock' : 'Times are local: show UTC'}>
        <UnstyledButton px={8} h={34} onClick={() => setZone(zone === 'utc' ? 'local' : 'utc')} aria-label={zone === 'utc' ? 'UTC: show local time' : 'Local time: show UTC'}>
          <Group gap={5} wrap="nowrap" c="dimmed"><IconWorld size={18} stroke={1.6} /><Text size="xs" fw={600} w={32}>{zone === 'utc' ? 'UTC' : 'Local'}</Text></Group>
        </UnstyledButton>
      </Tooltip>
      <Tooltip label={dark ? 'Light colours' : 'Dark colours'}>
        <ActionIcon variant="subtle" color="gray" size={34} onClick={() => setColorScheme(dark ? 'light' : 'dark')} aria-label={dark ? 'Light colours' : 'Dark colours'}>
          {dark ? <IconSun size={18} stroke={1.6} /> : <IconMoon size={18} stroke={1.6} />}
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Sign out">
        <ActionIcon variant="subtle" color="gray" size={34} onClick={() => void signOut()} aria-label="Sign out"><IconLogout size={18} stroke={1.6} /></ActionIcon>
      </Tooltip>
    </Group>
  );
}

function Version() {
  const status = useQuery(statusQuery);
  return <Text size="xs" c="dimmed" px="sm" py={4}>{status.data ? `Steward ${status.data.version}` : ' '}</Text>;
}
