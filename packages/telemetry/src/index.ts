// The door of `telemetry`.
export type { Measurement, MeasurementBoard, MeasurementQuery, MeasurementSink } from './types.ts';
