/** Who acts at the same time, and how often all of them act. */
export interface Load {
  readonly readers: number;
  readonly writers: number;
  readonly operations: number;
}

/** Readers and writers act, each as soon as it is done with what it did before. */
export async function put(
  { readers, writers, operations }: Load,
  read: () => Promise<unknown>,
  write: () => Promise<unknown>,
): Promise<void> {
  let left = operations;
  const actor = async (act: () => Promise<unknown>): Promise<void> => {
    while ((left -= 1) >= 0) await act();
  };
  await Promise.all([
    ...Array.from({ length: readers }, () => actor(read)),
    ...Array.from({ length: writers }, () => actor(write)),
  ]);
}
