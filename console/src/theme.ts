import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

const sea: MantineColorsTuple = [
  '#e8f8f7', '#d3eeec', '#a7ddda', '#77cbc7', '#51bcb7', '#3ab3ae', '#279e9a', '#16827f', '#0b6e70', '#075a5c',
];

const dark: MantineColorsTuple = [
  '#dde1e6', '#bcc3cb', '#a3abb5', '#6f7984', '#3b434b', '#2e343a', '#23282d', '#1b1f23', '#14171a', '#0f1214',
];

/** Fills of badges and alerts in dark: a tint, no block of colour. */
const tints = { red: '224 49 49', green: '47 158 68', yellow: '240 140 0', blue: '28 126 214', grape: '156 54 181', gray: '134 142 150', sea: '39 158 154' };

/** How the console looks. */
export const theme = createTheme({
  primaryColor: 'sea',
  primaryShade: 8,
  colors: { sea, dark },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: "Inter, 'Segoe UI Variable', 'Segoe UI', system-ui, -apple-system, Roboto, 'Helvetica Neue', sans-serif",
  fontFamilyMonospace: "'JetBrains Mono', ui-monospace, SFMono-Regular, 'Cascadia Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace",
  headings: { fontWeight: '650', sizes: { h1: { fontSize: '1.5rem' }, h2: { fontSize: '1.0625rem' }, h3: { fontSize: '0.9375rem' } } },
  components: {
    Table: { defaultProps: { verticalSpacing: 8, horizontalSpacing: 'md', tabularNums: true } },
    Paper: { defaultProps: { withBorder: true, radius: 'md' } },
    Badge: { defaultProps: { variant: 'light', radius: 'sm', miw: 'max-content' } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 250, events: { hover: true, focus: true, touch: true } } },
    Modal: { defaultProps: { centered: true, overlayProps: { blur: 2, backgroundOpacity: 0.4 }, closeButtonProps: { 'aria-label': 'Close' } } },
  },
});

/** Colours of words and lines: grey text keeps a contrast of 4.5 to 1 (WCAG AA) in both schemes. */
export const variables: CSSVariablesResolver = (t) => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5a6470',
    '--mantine-color-body': '#f7f8f9',
    '--mantine-color-placeholder': '#68727d',
    '--mantine-color-error': t.colors.red[9],
    '--mantine-color-default-border': '#dfe3e7',
    '--mantine-color-anchor': t.colors.sea?.[8] ?? '',
    '--mantine-color-green-light-color': '#1f6b2e',
    '--mantine-color-yellow-light-color': '#7d4a00',
    '--steward-surface': '#ffffff',
  },
  dark: {
    '--mantine-color-dimmed': '#a3abb5',
    '--mantine-color-text': '#dde1e6',
    '--mantine-color-body': '#14171a',
    '--mantine-color-placeholder': '#949da8',
    '--mantine-color-error': t.colors.red[5],
    '--mantine-color-default-border': '#2e343a',
    '--mantine-color-anchor': t.colors.sea?.[3] ?? '',
    '--steward-surface': '#1b1f23',
    ...Object.fromEntries(Object.entries(tints).map(([name, rgb]) => [`--mantine-color-${name}-light`, `rgb(${rgb} / 0.2)`])),
  },
});
