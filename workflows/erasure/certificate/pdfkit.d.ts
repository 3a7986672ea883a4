/** The parts of pdfkit 0.20.2 that are used here. The package ships no types. */
declare module "pdfkit" {
  import type { Readable } from "node:stream";

  interface TextOptions {
    readonly width?: number;
    readonly continued?: boolean;
    readonly lineGap?: number;
  }

  class PDFDocument extends Readable {
    constructor(options: Readonly<Record<string, unknown>>);
    x: number;
    y: number;
    readonly page: {
      readonly width: number;
      readonly height: number;
      readonly margins: { readonly bottom: number };
    };
    registerFont(name: string, bytes: Uint8Array): this;
    font(name: string): this;
    fontSize(points: number): this;
    fillColor(color: string): this;
    text(text: string, options?: TextOptions): this;
    text(text: string, x: number, y: number, options?: TextOptions): this;
    moveDown(lines?: number): this;
    addPage(): this;
    rect(x: number, y: number, width: number, height: number): this;
    moveTo(x: number, y: number): this;
    lineTo(x: number, y: number): this;
    lineWidth(points: number): this;
    stroke(color: string): this;
    fill(color: string): this;
    file(bytes: Uint8Array, options: Readonly<Record<string, unknown>>): this;
    end(): void;
  }
  export default PDFDocument;
}
