// The door of `telemetry`.
export { createMeasurementBoard, type MeasurementBoardOptions } from './board.ts';
export { type MetricFamily, type MetricSample, measurementMetrics, metricsText } from './metrics.ts';
export type {
  BoardStatistics,
  Measurement,
  MeasurementBoard,
  MeasurementQuery,
  MeasurementSink,
} from './types.ts';
