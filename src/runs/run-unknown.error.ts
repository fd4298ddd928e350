import { NotFoundException } from '@nestjs/common';

/** 404 for an id that names no run. */
export class RunUnknownError extends NotFoundException {
  constructor(id: string) {
    super({ code: 'RUN_UNKNOWN', message: `No service has taken up a run ${id}, or not lately.` });
  }
}
