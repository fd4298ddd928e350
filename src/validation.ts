import { type Provider, ValidationPipe } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';

/** For HTTP requests and for operations alike: what a step sends is checked as what a client sends. */
export const VALIDATION: Provider = {
  provide: APP_PIPE,
  useValue: new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }),
};
