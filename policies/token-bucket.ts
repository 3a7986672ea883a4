/** A rate: `burst` at once, then `perSecond` each second. */
export interface BucketRate {
  readonly burst: number;
  readonly perSecond: number;
}

/** Returns the rate of a text such as "60,1": 60 at once, then 1 per second. Undefined if it is none. */
export function parseRate(text: string | undefined): BucketRate | undefined {
  if (text === undefined || !/^[1-9]\d{0,8},\d{1,9}(\.\d{1,3})?$/.test(text)) return undefined;
  const [burst = 1, perSecond = 1] = text.split(",").map(Number);
  return perSecond > 0 ? { burst, perSecond } : undefined;
}

/**
 * The remaining tokens of a rate for one user. Times are milliseconds of a clock that never goes
 * back.
 */
export interface Bucket {
  readonly rate: BucketRate;
  tokens: number;
  filledAtMs: number;
}

export const fullBucket = (rate: BucketRate, nowMs: number): Bucket => ({
  rate,
  tokens: rate.burst,
  filledAtMs: nowMs,
});

/** Returns the bucket if it fills at this rate. Otherwise the rate was changed, and a full bucket begins. */
export const bucketAt = (known: Bucket | undefined, rate: BucketRate, nowMs: number): Bucket =>
  known !== undefined && isSameRate(known.rate, rate) ? known : fullBucket(rate, nowMs);

export const isSameRate = (one: BucketRate, other: BucketRate): boolean =>
  one === other || (one.burst === other.burst && one.perSecond === other.perSecond);

/** Adds what has accrued since the bucket was last looked at. */
function fill(bucket: Bucket, nowMs: number): void {
  const { burst, perSecond } = bucket.rate;
  const filled = bucket.tokens + ((nowMs - bucket.filledAtMs) * perSecond) / 1000;
  bucket.tokens = Math.min(burst, filled);
  bucket.filledAtMs = nowMs;
}

/**
 * Takes `amount` tokens for something that has happened already. The bucket may then owe tokens.
 * @returns 0, or the milliseconds until it owes none if no more are taken
 */
export function charge(bucket: Bucket, amount: number, nowMs: number): number {
  fill(bucket, nowMs);
  bucket.tokens -= amount;
  return Math.max(0, Math.ceil((-bucket.tokens * 1000) / bucket.rate.perSecond));
}

/**
 * Takes one token from each bucket, or none from any.
 * @returns 0, or the milliseconds until every bucket holds a token if no other is taken
 */
export function takeFrom(buckets: readonly Bucket[], nowMs: number): number {
  let waitMs = 0;
  for (const bucket of buckets) {
    fill(bucket, nowMs);
    if (bucket.tokens < 1)
      waitMs = Math.max(waitMs, Math.ceil(((1 - bucket.tokens) * 1000) / bucket.rate.perSecond));
  }
  if (waitMs === 0) for (const bucket of buckets) bucket.tokens--;
  return waitMs;
}
