import { Body, Controller, Get, Param, ParseIntPipe, Put } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { Mutates, Operation, type OperationContext, Reads } from 'nest-orchestrator';
import {
  type Basket,
  CatalogService,
  type Freight,
  type Offer,
  type Product,
  type Shortage,
} from './catalog.service.js';
import { DiscountDto } from './dto/discount.dto.js';
import { FindShortagesDto } from './dto/find-shortages.dto.js';
import { GetProductDto } from './dto/get-product.dto.js';
import { LineDto } from './dto/line.dto.js';
import { PriceBasketDto } from './dto/price-basket.dto.js';
import { QuoteFreightDto } from './dto/quote-freight.dto.js';
import { ReceiveStockDto } from './dto/receive-stock.dto.js';
import { ReserveStockDto } from './dto/reserve-stock.dto.js';
import { type Reservation, Stock, type StockLevel } from './stock.js';

/** Every tenant sells from one catalogue, so its answers are the same for everybody: `vary: 'none'`, but for what is never cached. */
@Controller('products')
export class CatalogController {
  constructor(
    private readonly catalog: CatalogService,
    private readonly stock: Stock,
  ) {}

  /** One handler, two doors: `GET /products/:sku`, and a step of a cookbook. */
  @Get(':sku')
  @Operation('get-product', { cache: { vary: 'none' } })
  @Reads<GetProductDto>('product', { id: 'sku' })
  getProduct(@Param() { sku }: GetProductDto): Product {
    return this.catalog.product(sku);
  }

  /** Two doors too. A price that is changed over HTTP is the price that the next step of any run reads. */
  @Put(':sku/price')
  @Operation('change-price')
  @Mutates<GetProductDto>('product', { id: 'sku' })
  changePrice(@Param('sku') sku: string, @Body('price_cents', ParseIntPipe) price_cents: number): Product {
    return this.catalog.changePrice(sku, price_cents);
  }

  @Operation('price-basket', { cache: { vary: 'none' } })
  @Reads('product')
  priceBasket(@Payload() { lines }: PriceBasketDto): Basket {
    return this.catalog.price(lines);
  }

  /** Pure arithmetic: done sooner than looked up. */
  @Operation('discount', { cache: false })
  discount(@Payload() { total_cents, percent }: DiscountDto): { percent: number; total_cents: number } {
    return { percent, total_cents: Math.round(total_cents * (1 - percent / 100)) };
  }

  /** The tariffs are the carriers', who tell nobody when they change them: an answer is good for a short while only. */
  @Operation('quote-freight', { cache: { ttl: '30s', vary: 'none' } })
  @Reads('tariff')
  quoteFreight(@Payload() { lines, carrier, country }: QuoteFreightDto): Promise<Freight> {
    return this.catalog.freight(lines, carrier, country);
  }

  @Operation('find-shortages', { cache: { vary: 'none' } })
  @Reads('stock')
  @Reads('product')
  findShortages(@Payload() { warehouse, limit }: FindShortagesDto): Shortage[] {
    return this.catalog.shortages(warehouse, limit);
  }

  /** Mutates nothing: a `foreach` with `concurrency` over it asks several suppliers at once. What one offers holds only once. */
  @Operation('ask-supplier', { cache: false })
  askSupplier(@Payload() line: LineDto): Promise<Offer> {
    return this.catalog.offer(line);
  }

  @Operation('reserve-stock')
  @Mutates('stock')
  reserveStock(@Payload() { lines, warehouse }: ReserveStockDto, @Ctx() context: OperationContext): Reservation {
    return this.stock.reserve(lines, warehouse, context.idempotencyKey);
  }

  @Operation('receive-stock')
  @Mutates<ReceiveStockDto>('stock', { id: 'sku' })
  receiveStock(@Payload() { warehouse, ...line }: ReceiveStockDto, @Ctx() context: OperationContext): StockLevel {
    return this.stock.receive(line, warehouse, context.idempotencyKey);
  }
}
