import { Catch, type ExceptionFilter, HttpException, HttpStatus, ServiceUnavailableException } from '@nestjs/common';
import { CardDeclinedError } from './card-declined.error.js';
import { GatewayUnavailableError } from './gateway-unavailable.error.js';

/** Says what the gateway's errors mean to a run: 503 is tried again, 402 ends it. A filter translates; it never answers. */
@Catch(GatewayUnavailableError, CardDeclinedError)
export class GatewayFilter implements ExceptionFilter<GatewayUnavailableError | CardDeclinedError> {
  catch(error: GatewayUnavailableError | CardDeclinedError): never {
    const { message } = error;
    if (error instanceof GatewayUnavailableError) {
      throw new ServiceUnavailableException({ code: 'GATEWAY_UNAVAILABLE', message }, { cause: error });
    }
    throw new HttpException({ code: 'CARD_DECLINED', message }, HttpStatus.PAYMENT_REQUIRED, { cause: error });
  }
}
