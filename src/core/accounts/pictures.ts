// The ten profile pictures that the service ships, in src/assets/pictures.

export interface Picture {
  id: number;
  name: string;
  /** The path below the service's own origin. */
  path: string;
}

const NAMES = ['Fox', 'Owl', 'Whale', 'Hare', 'Bear', 'Heron', 'Hedgehog', 'Koi', 'Moth', 'Fern'];

export const pictures: readonly Picture[] = NAMES.map((name, index) => ({
  id: index + 1,
  name,
  path: `/pictures/${index + 1}.svg`,
}));

/** The picture of that id; null if there is none. */
export const findPicture = (id: number | null): Picture | null =>
  pictures.find((picture) => picture.id === id) ?? null;
