-- Open invoices are found by their customer; nothing reads them by their due day alone.
DROP INDEX invoice_due;
