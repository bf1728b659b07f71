import { IconCoin, IconHome, IconKey, IconListDetails, IconPlugConnected, IconSparkles, IconTag } from '@tabler/icons-react';

/** The pages, in the order of the menu. */
export const pages = [
  { to: '/', label: 'Home', about: 'Is everything well?', icon: IconHome },
  { to: '/calls', label: 'Calls', about: 'Every call, live and searchable', icon: IconListDetails },
  { to: '/cost', label: 'Cost', about: 'What calls cost, by any dimension', icon: IconCoin },
  { to: '/keys', label: 'Keys', about: 'Who may call', icon: IconKey },
  { to: '/models', label: 'Models', about: 'What can be called', icon: IconSparkles },
  { to: '/providers', label: 'Providers', about: 'Who answers, and whether they do', icon: IconPlugConnected },
  { to: '/prices', label: 'Prices', about: 'What models cost', icon: IconTag },
] as const;
