import type { Figure } from './figures.ts';
import type { Hosts } from './hosts.ts';
export async function resultsFigures(_: Hosts): Promise<Figure[]> {
  return [];
}
