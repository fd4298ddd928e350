import { Controller, Get, Param, UseGuards } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { Caller, Mutates, Operation, type OperationContext, Reads } from 'nest-orchestrator';
import { type DeliveryPromise, DeliveryService } from './delivery.service.js';
import { ConfirmOrderDto } from './dto/confirm-order.dto.js';
import { GetCustomerDto } from './dto/get-customer.dto.js';
import { OrderIdDto } from './dto/order-id.dto.js';
import { PlaceOrderDto } from './dto/place-order.dto.js';
import { PromiseDeliveryDto } from './dto/promise-delivery.dto.js';
import { PurchaseDto } from './dto/purchase.dto.js';
import { QuoteDto } from './dto/quote.dto.js';
import type { Customer, Order, Purchase, Quote } from './order.js';
import { OrdersService } from './orders.service.js';
import { TenantGuard } from './tenant.guard.js';

/** Whom the run acts for comes from the run, never from the input: a cookbook cannot ask for another tenant's order. */
type RunCaller = OperationContext['caller'];

@Controller('orders')
@UseGuards(TenantGuard)
export class OrdersController {
  constructor(
    private readonly orders: OrdersService,
    private readonly deliveries: DeliveryService,
  ) {}

  /** `vary`: whoever of a tenant asks, the answer is the same. Another tenant has none of it. */
  @Operation('get-customer', { cache: { vary: 'tenant' } })
  @Reads<GetCustomerDto>('customer', { id: 'customer_id' })
  getCustomer(@Payload() { customer_id }: GetCustomerDto, @Caller() caller: RunCaller): Customer {
    return this.orders.customer(caller.tenantId, customer_id);
  }

  /** One handler, two doors. Where nothing is said, each person has a cached answer of their own. */
  @Get(':order_id')
  @Operation('get-order')
  @Reads<OrderIdDto>('order', { id: 'order_id' })
  getOrder(@Param() { order_id }: OrderIdDto, @Caller() caller: RunCaller): Order {
    return this.orders.order(caller.tenantId, order_id);
  }

  /** Reads what the catalogue changes: its mutations purge this answer too. The shelves are the same for every tenant. */
  @Operation('promise-delivery', { cache: { vary: 'none' } })
  @Reads<PromiseDeliveryDto>('stock', { id: 'sku', service: 'catalog' })
  promiseDelivery(@Payload() { warehouse, ...line }: PromiseDeliveryDto): DeliveryPromise {
    return this.deliveries.promise(line, warehouse);
  }

  @Operation('place-order')
  @Mutates('order')
  placeOrder(
    @Payload() order: PlaceOrderDto,
    @Caller() caller: RunCaller,
    @Ctx() { idempotencyKey }: OperationContext,
  ): Order {
    return this.orders.place(caller.tenantId, order, idempotencyKey);
  }

  @Operation('confirm-order')
  @Mutates<ConfirmOrderDto>('order', { id: 'order_id' })
  confirmOrder(@Payload() { order_id, ...paid }: ConfirmOrderDto, @Caller() caller: RunCaller): Order {
    return this.orders.change(caller.tenantId, order_id, { ...paid, status: 'confirmed' });
  }

  @Operation('close-return')
  @Mutates<OrderIdDto>('order', { id: 'order_id' })
  closeReturn(@Payload() { order_id }: OrderIdDto, @Caller() caller: RunCaller): Order {
    return this.orders.change(caller.tenantId, order_id, { status: 'returned' });
  }

  @Operation('make-quote')
  @Mutates('quote')
  makeQuote(
    @Payload() quote: QuoteDto,
    @Caller() caller: RunCaller,
    @Ctx() { idempotencyKey }: OperationContext,
  ): Quote {
    return this.orders.quote(caller.tenantId, quote, idempotencyKey);
  }

  @Operation('purchase')
  @Mutates('purchase')
  purchase(@Payload() purchase: PurchaseDto, @Ctx() { idempotencyKey }: OperationContext): Purchase {
    return this.orders.purchase(purchase, idempotencyKey);
  }
}
