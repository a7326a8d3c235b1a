// Time formats of the dialects' documents.
import { describe, expect, it } from 'vitest';
import { dayMonthYear, isoMicroseconds, parseOffset } from '../../src/http/times.ts';

describe('parseOffset', () => {
  it.each([
    ['+00:00', 0],
    ['-00:00', 0],
    ['+08:00', 480],
    ['-05:30', -330],
    ['+05:45', 345],
    ['+23:59', 1439],
    ['-23:59', -1439],
  ])('reads %s as %d minutes', (offset, minutes) => {
    expect(Math.abs((parseOffset(offset) ?? Number.NaN) - minutes)).toBe(0);
  });

  it.each([
    '',
    'Z',
    '08:00',
    '+8:00',
    '+0800',
    '+08',
    '+24:00',
    '+08:60',
    '+08:00 ',
    ' +08:00',
    '+08:00\n',
    '+٠٨:٠٠',
  ])('rejects %j', (offset) => {
    expect(parseOffset(offset)).toBeNull();
  });
});

describe('isoMicroseconds, the time format of users', () => {
  const moment = Date.UTC(2018, 8, 10, 12, 26, 58, 277);

  it.each([
    ['+00:00', '2018-09-10T12:26:58.277000+00:00'],
    ['+08:00', '2018-09-10T20:26:58.277000+08:00'],
    ['-05:30', '2018-09-10T06:56:58.277000-05:30'],
    ['+13:45', '2018-09-11T02:11:58.277000+13:45'],
  ])('writes microseconds and the offset %s', (offset, text) => {
    expect(isoMicroseconds(moment, offset)).toBe(text);
    expect(Date.parse(text)).toBe(moment);
  });

  it('writes zero microseconds, and crosses the turn of the year', () => {
    expect(isoMicroseconds(Date.UTC(2024, 11, 31, 23, 0, 0), '+01:00')).toBe(
      '2025-01-01T00:00:00.000000+01:00',
    );
    expect(isoMicroseconds(0, '-00:01')).toBe('1969-12-31T23:59:00.000000-00:01');
  });
});

describe('dayMonthYear, the date format of account', () => {
  it.each([
    [Date.UTC(2021, 0, 9), '09-01-2021'],
    [Date.UTC(2021, 0, 9, 23, 59, 59, 999), '09-01-2021'],
    [Date.UTC(2021, 0, 10), '10-01-2021'],
    [Date.UTC(2024, 1, 29, 12), '29-02-2024'],
    [Date.UTC(2026, 11, 31), '31-12-2026'],
  ])('writes %d as %s in UTC', (ms, text) => {
    expect(dayMonthYear(ms)).toBe(text);
  });
});
