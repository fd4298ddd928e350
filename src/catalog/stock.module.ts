import { Module } from '@nestjs/common';
import { Stock } from './stock.js';

/** The shelves alone: for the catalogue, which moves what is on them, and for the orders, which look. */
@Module({ providers: [Stock], exports: [Stock] })
export class StockModule {}
